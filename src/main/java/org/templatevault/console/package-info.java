/**
 * What the people see who look after a vault: one picture of it, cheap enough to be asked for often.
 *
 * <p>Duty: the overview with what needs attention, the history of jobs, and the recent requests of this node, in a bounded
 * memory and without anything about a person. Must not know HTTP, nor change anything.
 */
@NullMarked
package org.templatevault.console;

import org.jspecify.annotations.NullMarked;
