package org.templatevault.cli;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.UUID;

/** Ids for new subjects: UUIDs of version 7 (RFC 9562 §5.7), so that the vault's index grows at its end. */
final class SubjectId {
    private static final SecureRandom RANDOM = new SecureRandom();

    private SubjectId() {}

    static UUID random() {
        byte[] bytes = new byte[10];
        RANDOM.nextBytes(bytes);
        return of(Instant.now(), bytes);
    }

    /** Of a time and at least 10 bytes that nobody can guess. */
    static UUID of(Instant time, byte[] random) {
        ByteBuffer bytes = ByteBuffer.wrap(random);
        long high = time.toEpochMilli() << 16 | 0x7000 | (bytes.getShort() & 0x0fff);
        long low = 0x8000_0000_0000_0000L | (bytes.getLong() & 0x3fff_ffff_ffff_ffffL);
        return new UUID(high, low);
    }
}
