package org.templatevault.persistence;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.IdClass;
import jakarta.persistence.Table;
import java.io.Serializable;
import java.time.Instant;
import java.util.UUID;
import org.hibernate.annotations.Immutable;
import org.jspecify.annotations.Nullable;

/** A {@link TemplateRow} on its way into the table. Nothing is read as an entity: Hibernate would watch each for changes. */
@Entity
@Immutable
@IdClass(TemplateEntity.Key.class)
@Table(schema = "vault", name = "template")
class TemplateEntity {
    /** The primary key. */
    public record Key(UUID subjectId, UUID id, int version) implements Serializable {}

    @Id
    @Column(name = "subject_id")
    UUID subjectId;

    @Id
    UUID id;

    @Id
    int version;

    @Column(name = "dek_number")
    int dekNumber;

    String modality;

    @Nullable String position;

    String format;

    @Nullable Integer quality;

    @Column(name = "extractor_name")
    @Nullable String extractorName;

    @Column(name = "extractor_version")
    @Nullable String extractorVersion;

    @Column(name = "created_at")
    Instant createdAt;

    @Column(name = "created_by")
    String createdBy;

    byte[] envelope;

    /** For Hibernate. */
    protected TemplateEntity() {}

    TemplateEntity(TemplateRow row) {
        subjectId = row.subjectId();
        id = row.id();
        version = row.version();
        dekNumber = row.dekNumber();
        modality = row.modality();
        position = row.position();
        format = row.format();
        quality = row.quality();
        extractorName = row.extractorName();
        extractorVersion = row.extractorVersion();
        createdAt = row.createdAt();
        createdBy = row.createdBy();
        envelope = row.envelope();
    }
}
