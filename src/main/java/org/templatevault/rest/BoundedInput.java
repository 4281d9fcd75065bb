package org.templatevault.rest;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;

/**
 * A request body that ends with 413 when it grows past its limit, and with 408 when it breaks off or comes too slowly:
 * 30 s, and one more for each 64 KiB. Never buffers. What it throws is a {@link VaultException}.
 */
public final class BoundedInput extends FilterInputStream {
    private static final long PATIENCE_SECONDS = 30;
    private static final long SHORT_PATIENCE_SECONDS = 5;
    private static final long LEAST_BYTES_PER_SECOND = 64 << 10;

    private final long limit;
    private final long patienceSeconds;
    private final LongSupplier nanoTime;
    private final long began;
    private long seen;

    BoundedInput(InputStream in, long limit) {
        this(in, limit, PATIENCE_SECONDS, System::nanoTime);
    }

    BoundedInput(InputStream in, long limit, long patienceSeconds, LongSupplier nanoTime) {
        super(in);
        this.limit = limit;
        this.patienceSeconds = patienceSeconds;
        this.nanoTime = nanoTime;
        this.began = nanoTime.getAsLong();
    }

    /** A body of somebody who has not signed in: 5 s in place of 30. */
    public static BoundedInput ofAnybody(InputStream in, long limit) {
        return new BoundedInput(in, limit, SHORT_PATIENCE_SECONDS, System::nanoTime);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) {
        int some;
        try {
            some = in.read(buffer, offset, length);
        } catch (IOException brokeOff) {
            throw incomplete();
        }
        if (some > 0) {
            count(some);
        }
        return some;
    }

    private void count(int bytes) {
        seen += bytes;
        if (seen > limit) {
            throw tooLarge(limit);
        }
        long allowed =
                TimeUnit.SECONDS.toNanos(patienceSeconds) + seen * TimeUnit.SECONDS.toNanos(1) / LEAST_BYTES_PER_SECOND;
        if (nanoTime.getAsLong() - began > allowed) {
            throw incomplete();
        }
    }

    private static VaultException incomplete() {
        return new VaultException(
                ErrorKind.INCOMPLETE, "body-incomplete", "The body of the request broke off or came too slowly");
    }

    static VaultException tooLarge(long limit) {
        return new VaultException(
                ErrorKind.TOO_LARGE, "body-too-large", "This request has at most " + limit + " bytes");
    }
}
