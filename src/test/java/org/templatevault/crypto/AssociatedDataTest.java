package org.templatevault.crypto;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class AssociatedDataTest {
    private static final UUID VAULT = UUID.fromString("00112233-4455-4677-8899-aabbccddeeff");
    private static final @Nullable String NO_TEXT = null;
    private static final @Nullable Integer NO_NUMBER = null;

    @Test
    void everyFieldHasItsBytesForEver() {
        byte[] bytes = AssociatedData.of("tv/test", VAULT)
                .add("é")
                .add(VAULT)
                .add(-2L)
                .add(258)
                .add(Instant.parse("1970-01-01T00:00:01.000002Z"))
                .add(new byte[] {7, 8})
                .addOptional(NO_TEXT)
                .addOptional("x")
                .addOptional(NO_NUMBER)
                .addOptional(Integer.valueOf(1))
                .toBytes();
        assertEquals(
                "01" + "00000007" + "74762f74657374"
                        + "07" + "00000001" + "01"
                        + "02" + "00000010" + "00112233445546778899aabbccddeeff"
                        + "01" + "00000002" + "c3a9"
                        + "02" + "00000010" + "00112233445546778899aabbccddeeff"
                        + "03" + "00000008" + "fffffffffffffffe"
                        + "04" + "00000004" + "00000102"
                        + "05" + "00000008" + "00000000000f4242"
                        + "06" + "00000002" + "0708"
                        + "00" + "00000000"
                        + "01" + "00000001" + "78"
                        + "00" + "00000000"
                        + "04" + "00000004" + "00000001",
                HexFormat.of().formatHex(bytes));
    }

    @Test
    void noTwoListsOfFieldsGiveTheSameBytes() {
        assertAllDiffer(Stream.<UnaryOperator<AssociatedData>>of(
                data -> data,
                data -> data.add("ab").add("c"),
                data -> data.add("a").add("bc"),
                data -> data.add("abc"),
                data -> data.add("abc").add(""),
                data -> data.add("").add("abc"),
                data -> data.add(""),
                data -> data.addOptional(NO_TEXT),
                data -> data.addOptional(NO_TEXT).add("abc"),
                data -> data.add("abc").addOptional(NO_TEXT),
                data -> data.add(0),
                data -> data.add(0L),
                data -> data.add("\0\0\0\0"),
                data -> data.add(new byte[4]),
                data -> data.add(new byte[8]),
                data -> data.add(new byte[0]),
                data -> data.add(Instant.EPOCH),
                data -> data.add(Instant.EPOCH.plusNanos(1_000)),
                data -> data.add(Instant.EPOCH.minusNanos(1_000)),
                data -> data.add(VAULT),
                data -> data.add(new UUID(0, 0)),
                data -> data.add("caf\u00e9"),
                data -> data.add("cafe\u0301")));
    }

    @Test
    void labelAndVaultAreBound() {
        Set<ByteBuffer> all = Stream.of(
                        AssociatedData.of("tv/a", VAULT),
                        AssociatedData.of("tv/b", VAULT),
                        AssociatedData.of("tv/a", new UUID(1, 2)))
                .map(data -> ByteBuffer.wrap(data.toBytes()))
                .collect(Collectors.toSet());
        assertEquals(3, all.size());
    }

    @Test
    void anOptionalThatIsThereIsTheFieldItself() {
        assertArrayEquals(bytes(data -> data.add("a")), bytes(data -> data.addOptional("a")));
        assertArrayEquals(bytes(data -> data.add(5)), bytes(data -> data.addOptional(Integer.valueOf(5))));
    }

    @Test
    void refusesHalfASurrogatePairWhichWouldBecomeAQuestionMark() {
        assertThrows(IllegalArgumentException.class, () -> bytes(data -> data.add("\ud800")));
        assertThrows(IllegalArgumentException.class, () -> bytes(data -> data.addOptional("a\udc00")));
    }

    @Test
    void refusesAnInstantThatTheDatabaseWouldRound() {
        assertThrows(IllegalArgumentException.class, () -> bytes(data -> data.add(Instant.EPOCH.plusNanos(1))));
        assertThrows(IllegalArgumentException.class, () -> bytes(data -> data.add(Instant.EPOCH.plusNanos(1_999))));
    }

    @Test
    void refusesAnInstantPastTheRangeOfMicroseconds() {
        assertThrows(ArithmeticException.class, () -> bytes(data -> data.add(Instant.MAX.minusNanos(999_999_999))));
    }

    @Test
    void leavesOutAnInstantThatCannotBeBound() {
        Instant last = Instant.ofEpochSecond(Long.MAX_VALUE / 1_000_000L - 1);
        assertArrayEquals(bytes(data -> data.add(last)), bytes(data -> data.addIfBound(last)));
        for (Instant never : List.of(
                OffsetDateTime.MAX.toInstant(),
                OffsetDateTime.MIN.toInstant(),
                Instant.EPOCH.plusNanos(1),
                last.plusSeconds(1))) {
            assertFalse(AssociatedData.binds(never));
            assertArrayEquals(bytes(data -> data.addOptional(NO_TEXT)), bytes(data -> data.addIfBound(never)));
        }
    }

    @Test
    void handsOutAFreshArray() {
        AssociatedData data = AssociatedData.of("tv/test", VAULT);
        data.toBytes()[0] = 99;
        assertEquals(1, data.toBytes()[0]);
    }

    private static byte[] bytes(UnaryOperator<AssociatedData> fields) {
        return fields.apply(AssociatedData.of("tv/test", VAULT)).toBytes();
    }

    private static void assertAllDiffer(Stream<UnaryOperator<AssociatedData>> variants) {
        var all = variants.map(AssociatedDataTest::bytes).map(ByteBuffer::wrap).toList();
        assertEquals(all.size(), Set.copyOf(all).size());
    }
}
