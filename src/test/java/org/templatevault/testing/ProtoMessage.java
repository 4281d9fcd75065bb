package org.templatevault.testing;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A message of Protocol Buffers, read without its definition ("Encoding" in their documentation): every field that is
 * there, known or not. Numbers are {@code Long}, everything else is bytes.
 *
 * @param fields the values of each field, by its number
 */
public record ProtoMessage(Map<Integer, List<Object>> fields) {
    /** Reads one. */
    public static ProtoMessage read(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        Map<Integer, List<Object>> fields = new TreeMap<>();
        while (in.hasRemaining()) {
            long tag = varint(in);
            fields.computeIfAbsent((int) (tag >>> 3), number -> new ArrayList<>())
                    .add(value(in, (int) tag & 7));
        }
        return new ProtoMessage(fields);
    }

    private static Object value(ByteBuffer in, int wireType) {
        return switch (wireType) {
            case 0 -> varint(in);
            case 1 -> in.getLong();
            case 2 -> {
                byte[] value = new byte[(int) varint(in)];
                in.get(value);
                yield value;
            }
            case 5 -> (long) in.getInt();
            default -> throw new IllegalArgumentException("Wire type " + wireType);
        };
    }

    private static long varint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte next = in.get();
            value |= (long) (next & 0x7f) << shift;
            if (next >= 0) {
                return value;
            }
        }
    }

    /** The values of a field of bytes. */
    public List<byte[]> bytes(int number) {
        return fields.getOrDefault(number, List.of()).stream()
                .map(byte[].class::cast)
                .toList();
    }

    /** The messages of a field. */
    public List<ProtoMessage> messages(int number) {
        return bytes(number).stream().map(ProtoMessage::read).toList();
    }

    /** The text of a field, empty if it is not there. */
    public String text(int number) {
        List<byte[]> values = bytes(number);
        return values.isEmpty() ? "" : new String(values.get(0), StandardCharsets.UTF_8);
    }

    /** The number of a field, 0 if it is not there. */
    public long number(int number) {
        return (Long) fields.getOrDefault(number, List.of(0L)).get(0);
    }
}
