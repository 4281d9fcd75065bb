package org.templatevault.crypto;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Builds associated data: an identity as bytes, so that no two identities give the same bytes. It is derived anew for
 * every opening, never stored. For one thread.
 *
 * <p>The bytes are fields in a row. A field is a type (1 byte), the length of its value (4 bytes, unsigned, big-endian)
 * and the value:
 *
 * <ul>
 *   <li>{@code 0x00} absent: no value, length 0
 *   <li>{@code 0x01} text: UTF-8
 *   <li>{@code 0x02} UUID: 16 bytes
 *   <li>{@code 0x03} long: 8 bytes, two's complement, big-endian
 *   <li>{@code 0x04} int: 4 bytes, two's complement, big-endian
 *   <li>{@code 0x05} instant: microseconds since 1970-01-01T00:00:00Z, as a long
 *   <li>{@code 0x06} bytes: as they are
 *   <li>{@code 0x07} format version: 1 byte
 * </ul>
 *
 * <p>The first three fields are always the label (text), the format version ({@code 1}) and the vault (UUID).
 */
public final class AssociatedData {
    /** The version of this byte format. */
    public static final byte FORMAT_VERSION = 1;

    private static final byte ABSENT = 0;
    private static final byte TEXT = 1;
    private static final byte ID = 2;
    private static final byte LONG = 3;
    private static final byte INT = 4;
    private static final byte INSTANT = 5;
    private static final byte BYTES = 6;
    private static final byte VERSION = 7;

    private byte[] bytes = new byte[256];
    private int length;

    private AssociatedData() {}

    /**
     * Begins with what every identity has.
     *
     * @param label what kind of thing is sealed, such as {@code tv/template}: one label for one list of fields
     */
    public static AssociatedData of(String label, UUID vault) {
        AssociatedData data = new AssociatedData().add(label).begin(VERSION, 1);
        data.bytes[data.length++] = FORMAT_VERSION;
        return data.add(vault);
    }

    /** Adds a UUID. */
    public AssociatedData add(UUID value) {
        return begin(ID, 2 * Long.BYTES)
                .append(value.getMostSignificantBits(), Long.BYTES)
                .append(value.getLeastSignificantBits(), Long.BYTES);
    }

    /** Adds a long; not the same as the int of that value. */
    public AssociatedData add(long value) {
        return begin(LONG, Long.BYTES).append(value, Long.BYTES);
    }

    /** Adds an int; not the same as the long of that value. */
    public AssociatedData add(int value) {
        return begin(INT, Integer.BYTES).append(value, Integer.BYTES);
    }

    /**
     * Adds a text, which may be empty.
     *
     * @throws IllegalArgumentException for half a surrogate pair, which has no UTF-8: two texts must not become one
     */
    public AssociatedData add(String value) {
        return field(TEXT, utf8(value));
    }

    /** Adds a text or its absence; absent is not the same as empty. */
    public AssociatedData addOptional(@Nullable String value) {
        return value == null ? absent() : add(value);
    }

    /** Adds an int or its absence; absent is not the same as zero. */
    public AssociatedData addOptional(@Nullable Integer value) {
        return value == null ? absent() : add(value.intValue());
    }

    /**
     * Adds an instant in microseconds, the precision of the database.
     *
     * @throws IllegalArgumentException for a finer instant: the database would round it, and what was sealed with it
     *     would never open again; truncate it first
     */
    public AssociatedData add(Instant value) {
        if (value.getNano() % 1_000 != 0) {
            throw new IllegalArgumentException("an instant finer than a microsecond cannot be bound");
        }
        long micros = Math.addExact(Math.multiplyExact(value.getEpochSecond(), 1_000_000L), value.getNano() / 1_000);
        return begin(INSTANT, Long.BYTES).append(micros, Long.BYTES);
    }

    /** Whether {@link #add(Instant)} takes this instant; what a database calls infinity it does not. */
    public static boolean binds(Instant value) {
        return value.getNano() % 1_000 == 0 && Math.abs(value.getEpochSecond()) < Long.MAX_VALUE / 1_000_000L;
    }

    /** Adds an instant, or its absence where it is none that can be bound. */
    public AssociatedData addIfBound(Instant value) {
        return binds(value) ? add(value) : absent();
    }

    /** Adds bytes, which may be none. */
    public AssociatedData add(byte[] value) {
        return field(BYTES, value);
    }

    /** All fields so far, as a fresh array. */
    public byte[] toBytes() {
        return Arrays.copyOf(bytes, length);
    }

    private AssociatedData absent() {
        return begin(ABSENT, 0);
    }

    private AssociatedData field(byte type, byte[] value) {
        begin(type, value.length);
        System.arraycopy(value, 0, bytes, length, value.length);
        length += value.length;
        return this;
    }

    /** Writes type and length, and makes room for the value. */
    private AssociatedData begin(byte type, int valueLength) {
        int needed = Math.addExact(length + 1 + Integer.BYTES, valueLength);
        if (needed > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(needed, 2 * bytes.length));
        }
        bytes[length++] = type;
        return append(valueLength, Integer.BYTES);
    }

    /** The lowest {@code count} bytes of the value, big-endian. */
    private AssociatedData append(long value, int count) {
        for (int shift = (count - 1) * Byte.SIZE; shift >= 0; shift -= Byte.SIZE) {
            bytes[length++] = (byte) (value >>> shift);
        }
        return this;
    }

    private static byte[] utf8(String value) {
        for (int i = 0; i < value.length(); i++) {
            if (Character.isSurrogate(value.charAt(i))) {
                return strictUtf8(value);
            }
        }
        return value.getBytes(StandardCharsets.UTF_8);
    }

    /** {@code getBytes} would replace half a surrogate pair. */
    private static byte[] strictUtf8(String value) {
        try {
            ByteBuffer encoded = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(value));
            byte[] bytes = new byte[encoded.remaining()];
            encoded.get(bytes);
            return bytes;
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("not a text", e);
        }
    }
}
