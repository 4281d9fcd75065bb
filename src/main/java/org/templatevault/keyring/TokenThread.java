package org.templatevault.keyring;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The one thread that calls a token's library. A call into a library cannot be interrupted: one that does not return is
 * left to this thread, whoever asked goes on without it, and nobody else is let in until it has returned.
 */
final class TokenThread {
    private static final long IDLE_SECONDS = 30;

    private final AtomicBoolean busy = new AtomicBoolean();
    private final Executor thread;

    /** Calls on this thread. */
    TokenThread(Executor thread) {
        this.thread = thread;
    }

    TokenThread() {
        this(ownThread());
    }

    private static Executor ownThread() {
        var one = new ThreadPoolExecutor(
                1, 1, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), TokenThread::daemon);
        one.allowCoreThreadTimeOut(true);
        return one;
    }

    /** The class loader of whoever asks first must not be kept for as long as a call hangs. */
    private static Thread daemon(Runnable work) {
        Thread thread = new Thread(work, "vault-token");
        thread.setDaemon(true);
        thread.setContextClassLoader(ClassLoader.getPlatformClassLoader());
        return thread;
    }

    /** Whether a call has not returned yet. */
    boolean isBusy() {
        return busy.get();
    }

    /**
     * Runs a call that nobody waits for longer than this.
     *
     * @throws TimeoutException if it has not returned by then; what it gives later is closed
     * @throws ExecutionException with what it threw
     * @throws IllegalStateException if an earlier call has not returned yet
     */
    <T> T call(Callable<T> work, long patienceMillis)
            throws TimeoutException, ExecutionException, InterruptedException {
        if (!busy.compareAndSet(false, true)) {
            throw new IllegalStateException("An earlier call has not returned");
        }
        CompletableFuture<T> answer = new CompletableFuture<>();
        try {
            thread.execute(() -> carryOut(work, answer));
        } catch (Throwable notBegun) { // no thread can be had: nothing is under way
            busy.set(false);
            throw notBegun;
        }
        try {
            return answer.get(patienceMillis, TimeUnit.MILLISECONDS);
        } catch (TimeoutException | InterruptedException e) {
            if (answer.cancel(false)) {
                throw e;
            }
            return answer.get();
        }
    }

    private <T> void carryOut(Callable<T> work, CompletableFuture<T> answer) {
        try {
            T result = work.call();
            busy.set(false);
            if (!answer.complete(result)) {
                close(result);
            }
        } catch (Throwable e) {
            busy.set(false);
            answer.completeExceptionally(e);
        }
    }

    /** A key that comes too late is nobody's. */
    private static void close(@Nullable Object result) throws Exception {
        if (result instanceof AutoCloseable late) {
            late.close();
        }
    }
}
