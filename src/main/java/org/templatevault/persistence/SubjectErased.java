package org.templatevault.persistence;

import java.util.UUID;

/**
 * A subject is erased by the present transaction. Fired by {@link Erasures}, the one place that records it, on the thread
 * of the work.
 */
public record SubjectErased(UUID subject, Erasures.Row erasure) {}
