package org.templatevault.trail;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CheckpointFileTest {
    private static List<String> lines(String text, long length) throws IOException {
        List<String> lines = new ArrayList<>();
        // A few bytes at a time, so that a line does not come whole.
        InputStream in = new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII)) {
            @Override
            public synchronized int read(byte[] bytes, int from, int most) {
                return super.read(bytes, from, Math.min(most, 1021));
            }
        };
        CheckpointFile.forEachLine(in, length, lines::add);
        return lines;
    }

    @Test
    void readsEachLineAndNoneThatIsLongerThanACheckpoint() throws IOException {
        List<String> expected = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 300; i++) {
            String line = i + "x".repeat(i * 7);
            expected.add(line);
            text.append(line).append('\n');
            if (i % 100 == 0) {
                text.append("y".repeat(200_000)).append('\n');
            }
        }
        assertEquals(expected, lines(text.toString(), text.length()));
        assertEquals(expected, lines(text + "z".repeat(200_000), text.length() + 200_000L));
    }

    @Test
    void readsNoFurtherThanItIsTold() throws IOException {
        assertEquals(List.of("one", "tw"), lines("one\ntwo\nthree\n", 6));
        assertEquals(List.of("one"), lines("one\ntwo\nthree\n", 4));
        assertEquals(List.of("one", "two"), lines("one\ntwo", 100));
        assertEquals(List.of(), lines("", 100));
    }
}
