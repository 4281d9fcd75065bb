package org.templatevault.envelope;

import java.time.Instant;
import java.util.UUID;
import org.templatevault.crypto.SecretBytes;
import org.templatevault.crypto.Suite;

/** The fixed identities and keys of the tests. */
final class Golden {
    static final UUID VAULT = UUID.fromString("00112233-4455-4677-8899-aabbccddeeff");
    static final UUID SUBJECT = UUID.fromString("11111111-2222-4333-8444-555555555555");
    static final UUID TEMPLATE = UUID.fromString("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee");
    static final Instant CREATED_AT = Instant.parse("2026-01-02T03:04:05.678901Z");

    private Golden() {}

    /** An identity that has every attribute. */
    static TemplateIdentity identity(Suite suite) {
        return identity(
                suite, new TemplateAttributes("FINGERPRINT", "RIGHT_INDEX", "ISO_19794_2_2005", 80, "maker", "1.2"));
    }

    /** An identity that has no attribute that may be absent. */
    static TemplateIdentity bareIdentity(Suite suite) {
        return identity(suite, new TemplateAttributes("FACE", null, "OPAQUE", null, null, null));
    }

    /** An identity that differs from others only in these. */
    static TemplateIdentity identityOf(UUID subject, UUID template, int version) {
        TemplateAttributes attributes = new TemplateAttributes("FACE", null, "OPAQUE", null, null, null);
        return new TemplateIdentity(
                VAULT, subject, template, version, 1, Suite.CHACHA20_POLY1305, attributes, CREATED_AT, "station-7");
    }

    static SubjectKeyIdentity keyIdentity() {
        return new SubjectKeyIdentity(VAULT, SUBJECT, 3, 7, 5, Suite.AES_256_GCM, Suite.CHACHA20_POLY1305, CREATED_AT);
    }

    /** The bytes 0, 1, 2 … 31. */
    static SecretBytes dek() {
        return SecretBytes.takeOver(counting(Suite.KEY_BYTES));
    }

    /** The bytes 0, 1, 2 … */
    static byte[] counting(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) i;
        }
        return bytes;
    }

    private static TemplateIdentity identity(Suite suite, TemplateAttributes attributes) {
        return new TemplateIdentity(VAULT, SUBJECT, TEMPLATE, 2, 3, suite, attributes, CREATED_AT, "station-7");
    }
}
