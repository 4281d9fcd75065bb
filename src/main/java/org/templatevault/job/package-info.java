/**
 * What work that only one node does has in common: its lease, its look every second, the executions of a batch job, and how
 * fast they may go.
 *
 * <p>Duty: start an execution for a row, say what became of it, say whether this node holds the lease, give way to readers.
 * Must not know what the work is, nor HTTP.
 */
@NullMarked
package org.templatevault.job;

import org.jspecify.annotations.NullMarked;
