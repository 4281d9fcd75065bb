package org.templatevault.rest;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * The body of an answer that breaks off where it is taken too slowly: 30 s, and one more for each 64 KiB, as a request's
 * ({@link BoundedInput}). The server ends a single write that nobody takes; a client that takes a little now and then would
 * keep what the answer holds for as long as it likes.
 */
final class BoundedOutput extends FilterOutputStream {
    private static final long PATIENCE_SECONDS = 30;
    private static final long LEAST_BYTES_PER_SECOND = 64 << 10;

    private final LongSupplier nanoTime;
    private final long began;
    private long written;

    BoundedOutput(OutputStream out) {
        this(out, System::nanoTime);
    }

    BoundedOutput(OutputStream out, LongSupplier nanoTime) {
        super(out);
        this.nanoTime = nanoTime;
        this.began = nanoTime.getAsLong();
    }

    @Override
    public void write(int one) throws IOException {
        out.write(one);
        count(1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        out.write(bytes, offset, length);
        count(length);
    }

    private void count(int bytes) throws IOException {
        written += bytes;
        long allowed = TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS)
                + written * TimeUnit.SECONDS.toNanos(1) / LEAST_BYTES_PER_SECOND;
        if (nanoTime.getAsLong() - began > allowed) {
            throw new IOException("The answer was taken too slowly");
        }
    }
}
