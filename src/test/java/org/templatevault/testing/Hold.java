package org.templatevault.testing;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One connection of a {@link DatabaseProxy} that is held, or the wait for it. */
public final class Hold implements AutoCloseable {
    /** Where a connection is held: before the statement runs, or when it ran and its answer is on the way. */
    enum Side {
        STATEMENT,
        ANSWER
    }

    private final Consumer<Hold> ended;
    private final Side side;
    private final String earlier;
    private final String text;
    private final CountDownLatch held = new CountDownLatch(1);
    private final CountDownLatch released = new CountDownLatch(1);
    private @Nullable ProxyLink link;

    Hold(Consumer<Hold> ended, Side side, String earlier, String text) {
        this.ended = ended;
        this.side = side;
        this.earlier = earlier;
        this.text = text;
    }

    synchronized boolean take(ProxyLink candidate, String statement) {
        if (link == null && released.getCount() > 0 && statement.contains(text) && candidate.hasSent(earlier)) {
            link = candidate;
            ended.accept(this);
            return true;
        }
        return false;
    }

    Side side() {
        return side;
    }

    void block() throws IOException {
        held.countDown();
        try {
            released.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    /** Waits until a connection is held. */
    public Hold awaitHeld(Duration patience) {
        try {
            if (!held.await(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError("No statement with this text came: " + text);
            }
            return this;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted", e);
        }
    }

    /** Lets the connection go on. */
    public void release() {
        ended.accept(this);
        released.countDown();
    }

    /** Cuts the connection instead. */
    public void drop() {
        ProxyLink present;
        synchronized (this) {
            present = link;
        }
        if (present != null) {
            present.close();
        }
        release();
    }

    @Override
    public void close() {
        release();
    }
}
