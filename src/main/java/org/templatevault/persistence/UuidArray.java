package org.templatevault.persistence;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PGBinaryObject;
import org.postgresql.util.PGobject;

/**
 * A {@code uuid[]} argument in PostgreSQL's binary form, which the driver makes of numbers, texts and bytes but not of
 * UUIDs: the database would parse each from text. The driver sends the text where the binary form is not enabled for this
 * type ({@code binaryTransferEnable}).
 */
final class UuidArray extends PGobject implements PGBinaryObject {
    private static final long serialVersionUID = 1L;
    private static final int UUID_OID = 2950;
    /** Dimensions, whether a null is among the elements, their type, their number, the first index. */
    private static final int HEADER_BYTES = 5 * Integer.BYTES;

    private static final int UUID_BYTES = 2 * Long.BYTES;

    private final transient List<? extends @Nullable UUID> elements;

    /** Nulls are allowed among the elements. */
    UuidArray(List<? extends @Nullable UUID> elements) {
        this.elements = elements;
        setType("_uuid");
    }

    /** What each row has there. */
    static <R> UuidArray column(List<R> rows, Function<R, ? extends @Nullable UUID> value) {
        List<@Nullable UUID> elements = new ArrayList<>(rows.size());
        for (R row : rows) {
            elements.add(value.apply(row));
        }
        return new UuidArray(elements);
    }

    @Override
    public String getValue() {
        return elements.stream().map(String::valueOf).collect(Collectors.joining(",", "{", "}"));
    }

    @Override
    public int lengthInBytes() {
        return HEADER_BYTES + elements.size() * Integer.BYTES + (elements.size() - nulls()) * UUID_BYTES;
    }

    @Override
    public void toBytes(byte[] bytes, int offset) {
        ByteBuffer out = ByteBuffer.wrap(bytes, offset, lengthInBytes())
                .putInt(1)
                .putInt(nulls() == 0 ? 0 : 1)
                .putInt(UUID_OID)
                .putInt(elements.size())
                .putInt(1);
        for (UUID element : elements) {
            if (element == null) {
                out.putInt(-1);
            } else {
                out.putInt(UUID_BYTES)
                        .putLong(element.getMostSignificantBits())
                        .putLong(element.getLeastSignificantBits());
            }
        }
    }

    private int nulls() {
        return Collections.frequency(elements, null);
    }

    @Override
    public void setByteValue(byte[] value, int offset) {
        throw new UnsupportedOperationException("an argument, never a result");
    }
}
