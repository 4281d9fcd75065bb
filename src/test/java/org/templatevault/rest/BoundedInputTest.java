package org.templatevault.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;

/** What ends a body. */
class BoundedInputTest {
    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 1); // nanoTime may wrap around

    private BoundedInput body(int length, long limit) {
        return new BoundedInput(new ByteArrayInputStream(new byte[length]), limit, 30, now::get);
    }

    private void pass(Duration time) {
        now.addAndGet(time.toNanos());
    }

    private static void refused(ErrorKind kind, InputStream body) {
        assertEquals(
                kind, assertThrows(VaultException.class, body::readAllBytes).kind());
    }

    @Test
    void endsOneByteAfterItsLimit() throws IOException {
        assertEquals(100, body(100, 100).readAllBytes().length);
        refused(ErrorKind.TOO_LARGE, body(101, 100));
    }

    @Test
    void endsWhenItComesTooSlowly() throws IOException {
        BoundedInput slow = body(100, 100);
        assertEquals(0, slow.read());
        pass(Duration.ofSeconds(30));
        assertEquals(0, slow.read());
        pass(Duration.ofSeconds(1));
        refused(ErrorKind.INCOMPLETE, slow);
    }

    @Test
    void mayEndLateOnceItHasComeWhole() throws IOException {
        BoundedInput whole = body(100, 100);
        assertEquals(100, whole.readNBytes(100).length);
        pass(Duration.ofMinutes(1));
        assertEquals(-1, whole.read());
    }

    @Test
    void hasASecondMoreForEach64Kibibytes() throws IOException {
        int mebibyte = 1 << 20;
        BoundedInput large = body(2 * mebibyte, 2L * mebibyte);
        assertEquals(mebibyte, large.readNBytes(mebibyte).length);
        pass(Duration.ofSeconds(30 + 16));
        assertEquals(0, large.read());
        pass(Duration.ofSeconds(1));
        assertThrows(VaultException.class, large::read);
    }

    @Test
    void endsWhenItBreaksOff() {
        InputStream silent = new InputStream() {
            @Override
            public int read() throws IOException {
                throw new SocketTimeoutException();
            }

            @Override
            public int read(byte[] buffer, int offset, int length) throws IOException {
                throw new SocketTimeoutException();
            }
        };
        refused(ErrorKind.INCOMPLETE, new BoundedInput(silent, 100, 30, now::get));
    }
}
