package org.templatevault.persistence;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.LocalDate;
import java.util.UUID;
import org.hibernate.annotations.Immutable;

/** What a read of content learns about retention in the same query; every change is a statement of {@link Retention}. */
@Entity
@Immutable
@Table(schema = "vault", name = "subject_retention")
class SubjectRetentionRow {
    @Id
    @Column(name = "subject_id")
    UUID subjectId;

    @Column(name = "last_interaction_on")
    LocalDate lastInteractionOn;

    /** For Hibernate. */
    protected SubjectRetentionRow() {}
}
