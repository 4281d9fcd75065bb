package org.templatevault.testing;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;

/**
 * Makes valid finger minutiae records of ISO/IEC 19794-2:2005 (§7, record format): one view, no extended data, 30 + 6 ×
 * minutiae bytes. The same seed gives the same record.
 */
public final class IsoTemplates {
    /** The most minutiae that one view can tell of. */
    public static final int MAX_MINUTIAE = 255;

    private static final int WIDTH = 416;
    private static final int HEIGHT = 560;
    private static final int PIXELS_PER_CM = 197;
    private static final int RIGHT_INDEX = 2;

    private IsoTemplates() {}

    /** The length of a record, in bytes. */
    public static int length(int minutiae) {
        return 30 + 6 * minutiae;
    }

    /** A record of a right index finger. */
    public static byte[] fingerprint(int minutiae, long seed) {
        if (minutiae < 0 || minutiae > MAX_MINUTIAE) {
            throw new IllegalArgumentException("a view has 0 to " + MAX_MINUTIAE + " minutiae");
        }
        ByteBuffer out = ByteBuffer.allocate(length(minutiae));
        header(out);
        view(out, minutiae, new SplittableRandom(seed));
        return out.array();
    }

    private static void header(ByteBuffer out) {
        out.put("FMR\0 20\0".getBytes(StandardCharsets.US_ASCII));
        out.putInt(out.capacity());
        out.putShort((short) 0); // capture equipment: certification, device
        out.putShort((short) WIDTH).putShort((short) HEIGHT);
        out.putShort((short) PIXELS_PER_CM).putShort((short) PIXELS_PER_CM);
        out.put((byte) 1).put((byte) 0); // one view, reserved
    }

    private static void view(ByteBuffer out, int minutiae, SplittableRandom random) {
        out.put((byte) RIGHT_INDEX);
        out.put((byte) 0); // view number 0, live-scan plain
        out.put((byte) random.nextInt(1, 101));
        out.put((byte) minutiae);
        for (int i = 0; i < minutiae; i++) {
            int type = random.nextInt(1, 3); // ridge ending, bifurcation
            out.putShort((short) (type << 14 | random.nextInt(WIDTH)));
            out.putShort((short) random.nextInt(HEIGHT));
            out.put((byte) random.nextInt(256));
            out.put((byte) random.nextInt(1, 101));
        }
        out.putShort((short) 0); // extended data
    }
}
