package org.templatevault.persistence;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A subject's wrapped DEK and tag key; every change is a guarded statement of {@link SubjectKeys}. */
public final class SubjectKeyRow {
    private final UUID subjectId;
    private final int dekNumber;
    private final long revision;
    private final int kekVersion;
    private final int firstKekVersion;
    private final String wrapSuite;
    private final String dataSuite;
    private final byte[] wrapped;
    private final byte @Nullable [] reference;
    private final long storedBytes;
    private final Instant createdAt;

    /** A row as it is to be stored, or as a statement returned it. */
    public SubjectKeyRow(
            UUID subjectId,
            int dekNumber,
            long revision,
            int kekVersion,
            int firstKekVersion,
            String wrapSuite,
            String dataSuite,
            byte[] wrapped,
            byte @Nullable [] reference,
            long storedBytes,
            Instant createdAt) {
        this.subjectId = subjectId;
        this.dekNumber = dekNumber;
        this.revision = revision;
        this.kekVersion = kekVersion;
        this.firstKekVersion = firstKekVersion;
        this.wrapSuite = wrapSuite;
        this.dataSuite = dataSuite;
        this.wrapped = wrapped;
        this.reference = reference;
        this.storedBytes = storedBytes;
        this.createdAt = createdAt;
    }

    /** The subject. */
    public UUID subjectId() {
        return subjectId;
    }

    /** The number of the DEK in {@link #wrapped}, from 1. */
    public int dekNumber() {
        return dekNumber;
    }

    /** Grows with each change of the subject's templates; the subject's ETag. */
    public long revision() {
        return revision;
    }

    /** The KEK version that wraps the DEK. */
    public int kekVersion() {
        return kekVersion;
    }

    /** The first KEK version that ever wrapped a DEK of this subject. */
    public int firstKekVersion() {
        return firstKekVersion;
    }

    /** The suite of the wrapping, as the row claims it. */
    public String wrapSuite() {
        return wrapSuite;
    }

    /** The suite of the templates, as the row claims it. */
    public String dataSuite() {
        return dataSuite;
    }

    /** The wrapped DEK and tag key. */
    public byte[] wrapped() {
        return wrapped;
    }

    /** The caller's own reference, sealed under the DEK; null where none was given. */
    public byte @Nullable [] reference() {
        return reference;
    }

    /** The length of all the subject's envelopes, in bytes. */
    public long storedBytes() {
        return storedBytes;
    }

    /** When the subject was first stored. */
    public Instant createdAt() {
        return createdAt;
    }
}
