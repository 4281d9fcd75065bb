/**
 * What work that only one node does has in common: its lease, its look every second, and the executions of a batch job.
 *
 * <p>Duty: start an execution for a row, say what became of it, say whether this node holds the lease. Must not know what the
 * work is, nor HTTP.
 */
@NullMarked
package org.templatevault.job;

import org.jspecify.annotations.NullMarked;
