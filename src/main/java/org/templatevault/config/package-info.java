/**
 * The settings: read once, checked as a whole, immutable afterwards.
 *
 * <p>Duty: name every setting, its default and its limits. Must not know any other package of the vault.
 */
@NullMarked
package org.templatevault.config;

import org.jspecify.annotations.NullMarked;
