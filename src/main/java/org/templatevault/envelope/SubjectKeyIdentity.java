package org.templatevault.envelope;

import java.time.Instant;
import java.util.UUID;
import org.templatevault.crypto.AssociatedData;
import org.templatevault.crypto.Suite;

/**
 * Which subject's key a wrapped key is, and all that is stored in the open about it.
 *
 * @param vault this installation
 * @param subject whose key it is
 * @param dekNumber which of the subject's DEKs
 * @param kekVersion the KEK version that wraps it now
 * @param firstKekVersion the first KEK version that ever wrapped a DEK of this subject
 * @param wrapSuite the suite of the KEK
 * @param dataSuite the suite that the DEK seals with
 * @param createdAt when the subject's key was made, in whole microseconds
 */
public record SubjectKeyIdentity(
        UUID vault,
        UUID subject,
        int dekNumber,
        int kekVersion,
        int firstKekVersion,
        Suite wrapSuite,
        Suite dataSuite,
        Instant createdAt) {

    /**
     * The associated data, label {@code tv/dek}: subject, DEK number (int), KEK version (int), first KEK version (int),
     * wrap suite (int, its code), data suite (int, its code), created at.
     *
     * @throws IllegalArgumentException if {@code createdAt} is finer than a microsecond
     */
    public byte[] associatedData() {
        return AssociatedData.of("tv/dek", vault)
                .add(subject)
                .add(dekNumber)
                .add(kekVersion)
                .add(firstKekVersion)
                .add((int) wrapSuite.code())
                .add((int) dataSuite.code())
                .add(createdAt)
                .toBytes();
    }
}
