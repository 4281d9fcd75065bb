/**
 * Subjects and templates: store, read, replace, erase, one by one and in batches.
 *
 * <p>Duty: the rules of what may happen to a subject's templates, each change in one transaction that holds the
 * subject's key row. Must not know HTTP, JSON or batch jobs.
 */
@NullMarked
package org.templatevault.vault;

import org.jspecify.annotations.NullMarked;
