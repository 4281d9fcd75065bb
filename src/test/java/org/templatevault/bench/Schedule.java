package org.templatevault.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * An open loop: requests begin at fixed times whatever became of those before, and how long one took is counted from the
 * time at which it should have begun. A server that stands still is seen by all requests that meanwhile were due.
 */
final class Schedule {
    private static final int CONNECTIONS = 32;
    private static final long LEAD_NANOS = 500_000_000;

    private Schedule() {}

    /** The durations of so many requests a second over so many seconds. */
    static Latencies run(int perSecond, int seconds, Callable<Load.Worker> open) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(CONNECTIONS);
        try {
            long[] nanos = new long[perSecond * seconds];
            AtomicInteger next = new AtomicInteger();
            List<Load.Worker> workers = new ArrayList<>();
            for (int i = 0; i < CONNECTIONS; i++) {
                Load.Worker worker = open.call();
                worker.work(); // signs in and agrees on keys before the first measured request
                workers.add(worker);
            }
            long began = System.nanoTime() + LEAD_NANOS;
            List<Future<?>> ends = new ArrayList<>();
            for (Load.Worker worker : workers) {
                ends.add(threads.submit(() -> {
                    try (worker) {
                        for (int i = next.getAndIncrement(); i < nanos.length; i = next.getAndIncrement()) {
                            nanos[i] = one(worker, began + i * 1_000_000_000L / perSecond);
                        }
                    }
                    return null;
                }));
            }
            for (Future<?> end : ends) {
                end.get();
            }
            return new Latencies(nanos);
        } finally {
            threads.shutdownNow();
        }
    }

    private static long one(Load.Worker worker, long due) throws Exception {
        for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
        if (worker.work() != 1) {
            throw new IllegalStateException("A request did not give what it should");
        }
        return System.nanoTime() - due;
    }
}
