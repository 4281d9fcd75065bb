/** What is shipped for those who run the vault, held against what the vault really does. */
@NullMarked
package org.templatevault.operations;

import org.jspecify.annotations.NullMarked;
