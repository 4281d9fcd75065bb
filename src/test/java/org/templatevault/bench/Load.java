package org.templatevault.bench;

import java.io.IOException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Runs the same work on 16 threads, each with what it opened for itself, and says how much of it was done in a second. */
final class Load {
    static final int THREADS = 16;

    /** What one thread works with. */
    interface Worker extends AutoCloseable {
        /** Does one piece of work and answers how many rows it was. */
        int work() throws Exception;

        @Override
        default void close() throws IOException, SQLException {}
    }

    private Load() {}

    static double perSecond(int seconds, Callable<Worker> open) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            List<Worker> workers = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                workers.add(open.call());
            }
            long began = System.nanoTime();
            long end = began + seconds * 1_000_000_000L;
            List<Future<Long>> counts = new ArrayList<>();
            for (Worker worker : workers) {
                counts.add(threads.submit(() -> count(worker, end)));
            }
            long rows = 0;
            for (Future<Long> count : counts) {
                rows += count.get();
            }
            return rows / ((System.nanoTime() - began) / 1e9);
        } finally {
            threads.shutdownNow();
        }
    }

    private static long count(Worker worker, long end) throws Exception {
        try (worker) {
            long rows = 0;
            while (System.nanoTime() < end) {
                rows += worker.work();
            }
            return rows;
        }
    }
}
