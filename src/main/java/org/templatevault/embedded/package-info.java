/**
 * The embedded default: a home directory with generated secrets, a real PostgreSQL and what the server needs to find
 * both.
 *
 * <p>Duty: prepare everything that the server reads at its start. It is not part of the WAR and no other package may
 * use it.
 */
@NullMarked
package org.templatevault.embedded;

import org.jspecify.annotations.NullMarked;
