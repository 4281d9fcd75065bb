/**
 * How long subjects are kept: the policies and their publication, erasures of many subjects, and the daily job that erases
 * those whose time is over.
 *
 * <p>Duty: decide what a change of a policy needs, carry bulk erasures on as a batch job. Must not know HTTP, keys, or how a
 * single subject is erased.
 */
@NullMarked
package org.templatevault.retention;

import org.jspecify.annotations.NullMarked;
