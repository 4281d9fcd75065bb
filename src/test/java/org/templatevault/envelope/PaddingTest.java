package org.templatevault.envelope;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PaddingTest {
    @ParameterizedTest
    @CsvSource({
        "0, 512",
        "1, 512",
        "512, 512",
        "513, 768",
        "768, 768",
        "769, 1024",
        "4095, 4096",
        "4096, 4096",
        "4097, 4352",
        "16385, 17408",
        "65537, 67584",
        "1048577, 1081344",
        "8388609, 8650752",
        "8392716, 8650752"
    })
    void everyLengthHasItsClassForEver(int length, int padded) {
        assertEquals(padded, Padding.paddedLength(length));
    }

    @Test
    void neverShrinksNeverFallsAndStaysWhereItIs() {
        int before = 0;
        for (int length = 0; length <= 300_000; length++) {
            int padded = Padding.paddedLength(length);
            assertTrue(padded >= length && padded >= before && padded % 256 == 0, "length " + length);
            assertEquals(padded, Padding.paddedLength(padded));
            before = padded;
        }
    }

    @Test
    void wastesAtMostTwelvePercentAboveFourKibibytes() {
        for (int length = 4_097; length < 8_392_716; length += 101) {
            assertTrue(Padding.paddedLength(length) <= length * 1.12, "length " + length);
        }
    }

    @Test
    void hasFewClasses() {
        assertEquals(15, classes(1, 4_096));
        assertTrue(classes(4_097, 8_392_716) < 300);
    }

    private static long classes(int from, int to) {
        return IntStream.rangeClosed(from, to)
                .map(Padding::paddedLength)
                .distinct()
                .count();
    }
}
