/**
 * Rows and SQL: what is stored, and the guarded statements that change it.
 *
 * <p>Duty: every statement that the vault sends to PostgreSQL. Must not know keys, plaintext, HTTP or batch jobs; it
 * sees only sealed bytes.
 */
@NullMarked
package org.templatevault.persistence;

import org.jspecify.annotations.NullMarked;
