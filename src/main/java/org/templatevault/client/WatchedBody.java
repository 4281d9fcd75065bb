package org.templatevault.client;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * An answer's body that ends with an {@link HttpTimeoutException} where nothing more of it comes: the JDK's client watches
 * the time until an answer begins, and not after.
 */
final class WatchedBody extends FilterInputStream {
    private static final ScheduledThreadPoolExecutor CLOCK = new ScheduledThreadPoolExecutor(1, WatchedBody::daemon);

    static {
        CLOCK.setRemoveOnCancelPolicy(true); // one for each read
    }

    private final Duration longest;
    private volatile boolean givenUp;

    /** Gives up once a read has waited this long. */
    WatchedBody(InputStream body, Duration longest) {
        super(body);
        this.longest = longest;
    }

    private static Thread daemon(Runnable work) {
        Thread thread = new Thread(work, "answers-clock");
        thread.setDaemon(true);
        return thread;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        Future<?> end = CLOCK.schedule(this::giveUp, longest.toMillis(), TimeUnit.MILLISECONDS);
        try {
            return in.read(bytes, offset, length);
        } catch (IOException e) {
            if (givenUp) {
                throw new HttpTimeoutException("the rest of its answer did not come");
            }
            throw e;
        } finally {
            end.cancel(false);
        }
    }

    private void giveUp() {
        givenUp = true;
        try {
            in.close();
        } catch (IOException e) {
            // whoever waits in read hears of it there
        }
    }
}
