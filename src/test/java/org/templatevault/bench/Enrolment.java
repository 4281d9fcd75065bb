package org.templatevault.bench;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/** 16 writers that enrol new subjects as fast as they are answered, while another KEK version becomes active. */
final class Enrolment {
    /**
     * What was seen.
     *
     * @param activationMillis from the moment at which the database showed the new version staged to that at which it
     *     showed it active: the transaction, what it waited for, and the driver's way to it
     * @param before stores that ended before the rotation was asked for
     * @param during stores that ended from then on
     * @param failed stores that were not answered 201
     */
    record Seen(double activationMillis, Latencies before, Latencies during, int failed) {}

    private static final long SETTLE_SECONDS = 5;
    private static final long AFTER_SECONDS = 5;

    private record Store(long ended, long nanos) {}

    private final Session session;
    private final AtomicBoolean stopped = new AtomicBoolean();
    private final AtomicInteger failed = new AtomicInteger();

    Enrolment(Session session) {
        this.session = session;
    }

    Seen run(int rate) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(Load.THREADS);
        try {
            List<Future<List<Store>>> writers = new ArrayList<>();
            for (int i = 0; i < Load.THREADS; i++) {
                writers.add(threads.submit(this::write));
            }
            TimeUnit.SECONDS.sleep(SETTLE_SECONDS);
            long requested = System.nanoTime();
            double activation;
            try (RotationRun rotation = RotationRun.request(session, "reencrypt", rate)) {
                activation = watchActivation();
                TimeUnit.SECONDS.sleep(AFTER_SECONDS);
                stopped.set(true);
                rotation.hurry();
                rotation.await();
            }
            List<Store> all = new ArrayList<>();
            for (Future<List<Store>> writer : writers) {
                all.addAll(writer.get());
            }
            return new Seen(
                    activation, latencies(all, 0, requested), latencies(all, requested, Long.MAX_VALUE), failed.get());
        } finally {
            stopped.set(true);
            threads.shutdownNow();
        }
    }

    private List<Store> write() throws Exception {
        List<Store> stores = new ArrayList<>();
        try (Connection connection = session.connect("enroller")) {
            while (!stopped.get()) {
                long began = System.nanoTime();
                try {
                    Requests.store(connection, Population.newSubject().toString());
                } catch (Connection.UnexpectedAnswer answer) {
                    failed.incrementAndGet();
                }
                long ended = System.nanoTime();
                stores.add(new Store(ended, ended - began));
            }
        }
        return stores;
    }

    private static Latencies latencies(List<Store> all, long from, long to) {
        return new Latencies(all.stream()
                .filter(store -> store.ended - from >= 0 && store.ended - to < 0)
                .mapToLong(Store::nanos)
                .toArray());
    }

    /** Looks at the rotation's row every 2 ms, on a connection that the server does not know of. */
    private double watchActivation() throws Exception {
        try (var connection = session.database().getConnection();
                PreparedStatement query = connection.prepareStatement(
                        "select state from vault.rotation order by requested_at desc limit 1")) {
            long staged = 0;
            while (true) {
                String state = state(query);
                if (state.equals("STAGED") && staged == 0) {
                    staged = System.nanoTime();
                } else if (!state.equals("REQUESTED") && !state.equals("STAGED")) {
                    long lasted = System.nanoTime() - staged;
                    return staged == 0 ? 0 : lasted / 1e6;
                }
                TimeUnit.MILLISECONDS.sleep(2);
            }
        }
    }

    private static String state(PreparedStatement query) throws Exception {
        try (ResultSet row = query.executeQuery()) {
            return row.next() ? row.getString(1) : "REQUESTED";
        }
    }
}
