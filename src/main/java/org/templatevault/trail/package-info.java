/**
 * The audit trail: an entry for each operation, blocks that seal them, and the proof that nothing was changed since.
 *
 * <p>Duty: write entries with the changes that they tell of or before the answer leaves, seal them into a chain of signed
 * blocks, verify and export them. Must not know HTTP.
 */
@NullMarked
package org.templatevault.trail;

import org.jspecify.annotations.NullMarked;
