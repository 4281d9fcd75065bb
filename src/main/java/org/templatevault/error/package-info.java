/**
 * The one exception type of the vault and the kinds of failure that a caller can meet.
 *
 * <p>Duty: name what went wrong. Must not know HTTP, SQL or any other package of the vault.
 */
@NullMarked
package org.templatevault.error;

import org.jspecify.annotations.NullMarked;
