package org.templatevault.persistence;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** One version of a template: open columns and the sealed envelope. Never changed but by a rotation. */
public final class TemplateRow {
    private final UUID subjectId;
    private final UUID id;
    private final int version;
    private final int dekNumber;
    private final String modality;
    private final @Nullable String position;
    private final String format;
    private final @Nullable Integer quality;
    private final @Nullable String extractorName;
    private final @Nullable String extractorVersion;
    private final Instant createdAt;
    private final String createdBy;
    private final byte[] envelope;

    /** A row as it is to be stored, or as a statement returned it. */
    public TemplateRow(
            UUID subjectId,
            UUID id,
            int version,
            int dekNumber,
            String modality,
            @Nullable String position,
            String format,
            @Nullable Integer quality,
            @Nullable String extractorName,
            @Nullable String extractorVersion,
            Instant createdAt,
            String createdBy,
            byte[] envelope) {
        this.subjectId = subjectId;
        this.id = id;
        this.version = version;
        this.dekNumber = dekNumber;
        this.modality = modality;
        this.position = position;
        this.format = format;
        this.quality = quality;
        this.extractorName = extractorName;
        this.extractorVersion = extractorVersion;
        this.createdAt = createdAt;
        this.createdBy = createdBy;
        this.envelope = envelope;
    }

    /** The subject. */
    public UUID subjectId() {
        return subjectId;
    }

    /** The template, the same for all its versions. */
    public UUID id() {
        return id;
    }

    /** The version, from 1, never used twice. */
    public int version() {
        return version;
    }

    /** The DEK that sealed the envelope. */
    public int dekNumber() {
        return dekNumber;
    }

    /** One of the modalities of ISO/IEC 24745. */
    public String modality() {
        return modality;
    }

    /** The finger or eye; null where the modality has none. */
    public @Nullable String position() {
        return position;
    }

    /** The name of the template's format. */
    public String format() {
        return format;
    }

    /** 0 to 100, or null for unknown. */
    public @Nullable Integer quality() {
        return quality;
    }

    /** What made the template. */
    public @Nullable String extractorName() {
        return extractorName;
    }

    /** The version of what made the template. */
    public @Nullable String extractorVersion() {
        return extractorVersion;
    }

    /** When this version was stored, in microseconds. */
    public Instant createdAt() {
        return createdAt;
    }

    /** The caller who stored this version. */
    public String createdBy() {
        return createdBy;
    }

    /** The sealed template. */
    public byte[] envelope() {
        return envelope;
    }
}
