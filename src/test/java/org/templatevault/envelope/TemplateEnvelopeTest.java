package org.templatevault.envelope;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.crypto.AuthenticationFailedException;
import org.templatevault.crypto.SecretBytes;
import org.templatevault.crypto.Suite;
import org.templatevault.testing.Damage;
import org.templatevault.testing.IsoTemplates;

class TemplateEnvelopeTest {
    private static final byte[] ATTRIBUTES = "{\"finger\":\"é\"}".getBytes(StandardCharsets.UTF_8);

    private final SecretBytes dek = SecretBytes.random(Suite.KEY_BYTES);

    @ParameterizedTest
    @EnumSource
    void opensWhatItSealed(Suite suite) {
        byte[] template = IsoTemplates.fingerprint(40, 1);
        byte[] envelope = seal(Golden.identity(suite), new Payload(template.clone(), ATTRIBUTES.clone()));
        try (Payload opened = TemplateEnvelope.open(dek, Golden.identity(suite), envelope)) {
            assertArrayEquals(template, opened.template());
            assertArrayEquals(ATTRIBUTES, opened.attributesJson());
        }
    }

    @ParameterizedTest
    @EnumSource
    void tellsAbsentFromEmptyAttributes(Suite suite) {
        TemplateIdentity id = Golden.bareIdentity(suite);
        byte[] without = seal(id, new Payload(new byte[] {1}, null));
        byte[] empty = seal(id, new Payload(new byte[] {1}, new byte[0]));
        assertNull(TemplateEnvelope.open(dek, id, without).attributesJson());
        assertArrayEquals(new byte[0], TemplateEnvelope.open(dek, id, empty).attributesJson());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 499, 500, 501, 4083, 4084, 4085, 70_001, 1 << 20, Payload.MAX_TEMPLATE_BYTES})
    void opensEveryLength(int length) {
        byte[] template = random(length);
        TemplateIdentity id = Golden.identity(Suite.CHACHA20_POLY1305);
        byte[] envelope = seal(id, new Payload(template.clone(), null));
        assertArrayEquals(template, TemplateEnvelope.open(dek, id, envelope).template());
    }

    @Test
    void theLargestPayloadFillsTheLargestEnvelope() {
        TemplateIdentity id = Golden.identity(Suite.AES_256_GCM);
        Payload payload = new Payload(random(Payload.MAX_TEMPLATE_BYTES), random(Payload.MAX_ATTRIBUTES_BYTES));
        byte[] envelope = seal(id, payload);
        assertEquals(TemplateEnvelope.MAX_ENVELOPE_BYTES, envelope.length);
        assertEquals(8_650_782, envelope.length);
        assertThrows(
                AuthenticationFailedException.class,
                () -> TemplateEnvelope.open(dek, id, Arrays.copyOf(envelope, envelope.length + 1)));
    }

    @Test
    void knowsTheLengthBeforeThereIsAKey() {
        for (int length : new int[] {1, 600, 5_000, 100_000}) {
            try (Payload payload = new Payload(random(length), null);
                    PackedPayload packed = TemplateEnvelope.pack(payload)) {
                byte[] envelope = TemplateEnvelope.seal(dek, Golden.identity(Suite.AES_256_GCM), packed);
                assertEquals(packed.envelopeLength(), envelope.length);
            }
        }
    }

    @Test
    void allFingerprintsOfUpTo75MinutiaeHaveOneStoredLength() {
        TemplateIdentity id = Golden.identity(Suite.CHACHA20_POLY1305);
        for (int minutiae = 1; minutiae <= 75; minutiae++) {
            byte[] record = IsoTemplates.fingerprint(minutiae, minutiae);
            assertEquals(30 + 6 * minutiae, record.length);
            assertEquals(542, seal(id, new Payload(record, null)).length, minutiae + " minutiae");
        }
    }

    @ParameterizedTest
    @EnumSource
    void refusesAnyFlippedBit(Suite suite) {
        TemplateIdentity id = Golden.identity(suite);
        byte[] envelope = seal(id, new Payload(IsoTemplates.fingerprint(75, 1), null));
        assertEquals(542, envelope.length);
        Damage.everyBitFlipped(envelope).forEach(damaged -> refuses(id, damaged));
    }

    @ParameterizedTest
    @EnumSource
    void refusesEveryTruncationAndATrailingByte(Suite suite) {
        TemplateIdentity id = Golden.identity(suite);
        byte[] envelope = seal(id, new Payload(new byte[] {1}, null));
        Damage.everyTruncation(envelope).forEach(damaged -> refuses(id, damaged));
        refuses(id, Arrays.copyOf(envelope, envelope.length + 1));
    }

    @ParameterizedTest
    @EnumSource
    void refusesAnIdentityThatDiffersInAnyComponent(Suite suite) {
        refusesEveryChange(Golden.identity(suite));
        refusesEveryChange(Golden.bareIdentity(suite));
    }

    @Test
    void refusesAnEnvelopeMovedToAnotherSubject() {
        byte[] envelope = seal(subject(1), new Payload(new byte[] {1}, null));
        refuses(subject(2), envelope);
    }

    @Test
    void refusesTwoEnvelopesOfOneSubjectThatChangedPlaces() {
        TemplateIdentity first = template(1);
        TemplateIdentity second = template(2);
        byte[] ofFirst = seal(first, new Payload(new byte[] {1}, null));
        byte[] ofSecond = seal(second, new Payload(new byte[] {2}, null));
        refuses(first, ofSecond);
        refuses(second, ofFirst);
    }

    @Test
    void refusesAnOlderVersionReplayedAsTheNewOne() {
        byte[] old = seal(version(1), new Payload(new byte[] {1}, null));
        refuses(version(2), old);
    }

    @Test
    void refusesTheHeadOfOneEnvelopeWithTheTailOfAnother() {
        TemplateIdentity id = Golden.identity(Suite.CHACHA20_POLY1305);
        byte[] one = seal(id, new Payload(new byte[] {1}, null));
        byte[] two = seal(id, new Payload(new byte[] {2}, null));
        for (int cut = 3; cut < one.length; cut += 7) {
            byte[] spliced = one.clone();
            System.arraycopy(two, cut, spliced, cut, two.length - cut);
            refuses(id, spliced);
        }
    }

    @ParameterizedTest
    @EnumSource
    void refusesAnotherSubjectsDek(Suite suite) {
        TemplateIdentity id = Golden.identity(suite);
        byte[] envelope = seal(id, new Payload(new byte[] {1}, null));
        SecretBytes other = SecretBytes.random(Suite.KEY_BYTES);
        assertThrows(AuthenticationFailedException.class, () -> TemplateEnvelope.open(other, id, envelope));
    }

    @Test
    void refusesASuiteChangedInTheRowAndInTheEnvelope() {
        byte[] envelope = seal(Golden.identity(Suite.CHACHA20_POLY1305), new Payload(new byte[] {1}, null));
        refuses(Golden.identity(Suite.AES_256_GCM), envelope);
        refuses(Golden.identity(Suite.AES_256_GCM), Damage.withByte(envelope, 1, 2));
        refuses(Golden.identity(Suite.CHACHA20_POLY1305), Damage.withByte(envelope, 1, 2));
    }

    @Test
    void refusesUnknownFormatVersions() {
        TemplateIdentity id = Golden.identity(Suite.CHACHA20_POLY1305);
        byte[] envelope = seal(id, new Payload(new byte[] {1}, null));
        for (int version = 0; version <= 0xFF; version++) {
            if (version != TemplateEnvelope.FORMAT_VERSION) {
                refuses(id, Damage.withByte(envelope, 0, version));
            }
        }
    }

    @Test
    void refusesAReferenceInsteadOfATemplate() {
        TemplateIdentity id = Golden.identity(Suite.CHACHA20_POLY1305);
        byte[] reference =
                SealedReference.seal(dek, id.vault(), id.subject(), id.dekNumber(), id.suite(), new byte[] {65});
        refuses(id, reference);
    }

    @Test
    void sealingTwiceGivesOtherBytes() {
        TemplateIdentity id = Golden.identity(Suite.CHACHA20_POLY1305);
        try (PackedPayload packed = TemplateEnvelope.pack(new Payload(new byte[] {1}, null))) {
            byte[] first = TemplateEnvelope.seal(dek, id, packed);
            byte[] second = TemplateEnvelope.seal(dek, id, packed);
            assertFalse(Arrays.equals(first, second));
            assertArrayEquals(
                    new byte[] {1}, TemplateEnvelope.open(dek, id, second).template());
        }
    }

    @Test
    void refusesToSealWhatWasClosed() {
        TemplateIdentity id = Golden.identity(Suite.CHACHA20_POLY1305);
        PackedPayload packed = TemplateEnvelope.pack(new Payload(new byte[] {1}, null));
        packed.close();
        assertThrows(IllegalStateException.class, () -> TemplateEnvelope.seal(dek, id, packed));
    }

    private void refusesEveryChange(TemplateIdentity id) {
        byte[] envelope = seal(id, new Payload(new byte[] {1}, null));
        ChangedRecord.oneByOne(id)
                .forEach((change, other) -> assertThrows(
                        AuthenticationFailedException.class,
                        () -> TemplateEnvelope.open(dek, other, envelope),
                        change));
    }

    private byte[] seal(TemplateIdentity id, Payload payload) {
        try (payload;
                PackedPayload packed = TemplateEnvelope.pack(payload)) {
            return TemplateEnvelope.seal(dek, id, packed);
        }
    }

    private void refuses(TemplateIdentity id, byte[] envelope) {
        assertThrows(AuthenticationFailedException.class, () -> TemplateEnvelope.open(dek, id, envelope));
    }

    private static TemplateIdentity subject(long subject) {
        return Golden.identityOf(new UUID(0, subject), Golden.TEMPLATE, 1);
    }

    private static TemplateIdentity template(long template) {
        return Golden.identityOf(Golden.SUBJECT, new UUID(0, template), 1);
    }

    private static TemplateIdentity version(int version) {
        return Golden.identityOf(Golden.SUBJECT, Golden.TEMPLATE, version);
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new SplittableRandom(length).nextBytes(bytes);
        return bytes;
    }
}
