package org.templatevault.envelope;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdOutputStream;
import com.sun.management.ThreadMXBean;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.crypto.Aead;
import org.templatevault.crypto.AuthenticationFailedException;
import org.templatevault.crypto.SecretBytes;
import org.templatevault.crypto.Suite;

/** Inner bytes made with malice, sealed with the right key under the right identity. */
class CompressionBombTest {
    private static final int SIZE = 5_000;
    private static final int SINGLE_SEGMENT_2_BYTES = 0x60;
    private static final int WINDOW_4_BYTES = 0x80;

    private final SecretBytes dek = SecretBytes.random(Suite.KEY_BYTES);
    private final TemplateIdentity id = Golden.identity(Suite.CHACHA20_POLY1305);

    @Test
    void opensAnHonestFrame() {
        assertEquals(SIZE - 2, open(Zstd.compress(body(SIZE)), SIZE).template().length);
    }

    @ParameterizedTest
    @ValueSource(ints = {8_392_707, 1 << 30, Integer.MAX_VALUE, Integer.MIN_VALUE, -1})
    void refusesAClaimOverTheBoundWithoutAllocatingIt(int claim) {
        byte[] envelope = seal(Zstd.compress(body(SIZE)), claim);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        assertThrows(AuthenticationFailedException.class, () -> TemplateEnvelope.open(dek, id, envelope));
        assertTrue(threads.getCurrentThreadAllocatedBytes() - before < 1 << 20);
    }

    @Test
    void refusesAFrameThatInflatesPastTheBoundWhateverItClaims() {
        byte[] bomb = Zstd.compress(body(64 << 20));
        assertTrue(bomb.length < 1 << 16);
        refuses(bomb, Packing.MAX_BODY_BYTES);
        refuses(bomb, 64 << 20);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, SIZE - 1, SIZE + 1, 8_392_706})
    void refusesAFrameThatInflatesToAnotherSizeThanClaimed(int claim) {
        refuses(Zstd.compress(body(SIZE)), claim);
    }

    @Test
    void refusesAFrameThatDoesNotTellItsSize() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZstdOutputStream zstd = new ZstdOutputStream(out)) {
            zstd.write(body(SIZE));
        }
        refuses(out.toByteArray(), SIZE);
    }

    @Test
    void refusesAFrameWhoseHeaderLiesAboutItsContent() {
        byte[] honest = runFrame(SINGLE_SEGMENT_2_BYTES, SIZE - 256, SIZE);
        assertEquals(SIZE - 2, open(honest, SIZE).template().length);
        refuses(honest, 256);
        refuses(runFrame(SINGLE_SEGMENT_2_BYTES, SIZE - 256, SIZE - 1), SIZE);
        refuses(runFrame(SINGLE_SEGMENT_2_BYTES, SIZE - 256, SIZE + 1), SIZE);
    }

    @Test
    void refusesAWindowOverTheBound() {
        assertEquals(SIZE - 2, open(windowFrame((23 - 10) << 3), SIZE).template().length);
        refuses(windowFrame((24 - 10) << 3), SIZE);
        refuses(windowFrame((27 - 10) << 3), SIZE);
        refuses(windowFrame(0xFF), SIZE);
    }

    @Test
    void refusesADictionaryAndTheReservedBit() {
        for (int bits : new int[] {1, 2, 3, 8}) {
            byte[] frame = Zstd.compress(body(SIZE));
            frame[4] |= (byte) bits;
            refuses(frame, SIZE);
        }
    }

    @Test
    void refusesADictionaryFieldEvenIfItNamesNone() {
        ByteBuffer frame = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
        frame.putInt(0xFD2FB528).put((byte) (SINGLE_SEGMENT_2_BYTES | 1)).put((byte) 0);
        frame.putShort((short) (SIZE - 256)).put(block(SIZE));
        assertEquals(SIZE, Zstd.decompress(frame.array(), SIZE).length, "zstd itself takes it");
        refuses(frame.array(), SIZE);
    }

    @Test
    void refusesTwoFramesInARow() {
        byte[] half = Zstd.compress(body(SIZE / 2));
        byte[] two = Arrays.copyOf(half, 2 * half.length);
        System.arraycopy(half, 0, two, half.length, half.length);
        refuses(two, SIZE);
        refuses(two, SIZE / 2);
    }

    @Test
    void refusesASkippableFrame() {
        byte[] frame = Zstd.compress(body(SIZE));
        ByteBuffer skippable = ByteBuffer.allocate(8 + frame.length).order(ByteOrder.LITTLE_ENDIAN);
        skippable.putInt(0x184D2A50).putInt(0).put(frame);
        refuses(skippable.array(), SIZE);
    }

    @Test
    void refusesASkippableOrAnEmptyFrameBehindAnHonestOne() {
        byte[] frame = Zstd.compress(body(SIZE));
        ByteBuffer skippable = ByteBuffer.allocate(frame.length + 12).order(ByteOrder.LITTLE_ENDIAN);
        skippable.put(frame).putInt(0x184D2A50).putInt(4).putInt(0x21676E69);
        refuses(skippable.array(), SIZE);
        byte[] empty = Zstd.compress(new byte[0]);
        refuses(
                ByteBuffer.allocate(frame.length + empty.length)
                        .put(frame)
                        .put(empty)
                        .array(),
                SIZE);
    }

    @Test
    void refusesBytesAfterTheFrameAndEveryTruncationOfIt() {
        byte[] frame = Zstd.compress(body(SIZE));
        refuses(Arrays.copyOf(frame, frame.length + 1), SIZE);
        for (int length = 0; length < frame.length; length++) {
            refuses(Arrays.copyOf(frame, length), SIZE);
        }
    }

    @Test
    void refusesAFrameThatDoesNotShrink() {
        byte[] frame = Zstd.compress(new byte[] {-1, -1, 5});
        refuses(frame, 3);
        refuses(Zstd.compress(body(20)), Zstd.compress(body(20)).length);
    }

    private Payload open(byte[] frame, int claim) {
        return TemplateEnvelope.open(dek, id, seal(frame, claim));
    }

    private void refuses(byte[] frame, int claim) {
        byte[] envelope = seal(frame, claim);
        assertThrows(AuthenticationFailedException.class, () -> TemplateEnvelope.open(dek, id, envelope));
    }

    private byte[] seal(byte[] frame, int claim) {
        byte[] header = {TemplateEnvelope.FORMAT_VERSION, id.suite().code()};
        return Aead.sealAfter(header, id.suite(), dek, PackingTest.framed(1, frame, claim), id.associatedData());
    }

    /** No attributes, and a template of ones. */
    private static byte[] body(int size) {
        byte[] body = new byte[size];
        Arrays.fill(body, (byte) 0xFF);
        return body;
    }

    /** A frame of one run of ones (RFC 8878 §3.1.1.2.2), with any descriptor and size in its header. */
    private static byte[] runFrame(int descriptor, int sizeField, int run) {
        return ByteBuffer.allocate(11)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(0xFD2FB528)
                .put((byte) descriptor)
                .putShort((short) sizeField)
                .put(block(run))
                .array();
    }

    private static byte[] windowFrame(int window) {
        return ByteBuffer.allocate(14)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(0xFD2FB528)
                .put((byte) WINDOW_4_BYTES)
                .put((byte) window)
                .putInt(SIZE)
                .put(block(SIZE))
                .array();
    }

    private static byte[] block(int run) {
        int header = run << 3 | 1 << 1 | 1;
        return new byte[] {(byte) header, (byte) (header >> 8), (byte) (header >> 16), (byte) 0xFF};
    }
}
