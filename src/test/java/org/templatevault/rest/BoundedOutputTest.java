package org.templatevault.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** What ends an answer. */
class BoundedOutputTest {
    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 1); // nanoTime may wrap around
    private final ByteArrayOutputStream taken = new ByteArrayOutputStream();
    private final BoundedOutput answer = new BoundedOutput(taken, now::get);

    private void pass(Duration time) {
        now.addAndGet(time.toNanos());
    }

    @Test
    void endsWhenItIsTakenTooSlowly() throws IOException {
        pass(Duration.ofSeconds(30));
        answer.write(new byte[10]);
        pass(Duration.ofSeconds(1));
        assertThrows(IOException.class, () -> answer.write(1));
        assertEquals(11, taken.size());
    }

    @Test
    void hasASecondMoreForEach64Kibibytes() throws IOException {
        answer.write(new byte[1 << 20]);
        pass(Duration.ofSeconds(30 + 16));
        answer.write(1);
        pass(Duration.ofSeconds(1));
        assertThrows(IOException.class, () -> answer.write(1));
    }
}
