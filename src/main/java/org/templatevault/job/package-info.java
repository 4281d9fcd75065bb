/**
 * What the batch jobs share: the lease of the one node that carries a job on, and the executions that run on it.
 *
 * <p>Duty: start an execution for a row, say what became of it, say whether this node holds the lease. Must not know what a
 * job does, nor HTTP.
 */
@NullMarked
package org.templatevault.job;

import org.jspecify.annotations.NullMarked;
