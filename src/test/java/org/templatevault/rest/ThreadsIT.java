package org.templatevault.rest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.templatevault.testing.SharedVault.as;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Answer;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;

/** Requests wait for the database, not for a thread: the server keeps one for each connection. */
class ThreadsIT {
    /** All 32 connections but those that upkeep may want meanwhile. */
    private static final int REQUESTS = 24;

    private static final int CALLERS = 96;
    private static final int ROUNDS = 5;
    private static final byte[] TEMPLATE = IsoTemplates.fingerprint(40, 1);

    private final Rows rows = new Rows(SharedVault.server().home());

    @Test
    void worksOnAsManyRequestsAtOnceAsThereAreConnections() throws Exception {
        ExecutorService callers = Executors.newFixedThreadPool(REQUESTS);
        List<Future<Answer>> stores = new ArrayList<>();
        try (Connection lock = SharedVault.server().home().superuser().getConnection()) {
            forbidStores(lock);
            for (int i = 0; i < REQUESTS; i++) {
                stores.add(callers.submit(ThreadsIT::store));
            }
            TestHome.await(
                    REQUESTS + " stores are in the database", Duration.ofSeconds(3), () -> waiting() >= REQUESTS);
            lock.rollback();
            for (Future<Answer> store : stores) {
                store.get().expect(201);
            }
        } finally {
            callers.shutdownNow();
        }
    }

    /** Whoever waits for a second connection while holding one would wait for ever when all do. */
    @Test
    void servesThriceAsManyCallersAsThereAreConnections() throws Exception {
        ExecutorService callers = Executors.newFixedThreadPool(CALLERS);
        List<Future<Integer>> ends = new ArrayList<>();
        try {
            for (int i = 0; i < CALLERS; i++) {
                ends.add(callers.submit(ThreadsIT::storeAndRead));
            }
            for (Future<Integer> end : ends) {
                assertEquals(ROUNDS, end.get());
            }
        } finally {
            callers.shutdownNow();
        }
    }

    private static int storeAndRead() {
        UUID subject = UUID.randomUUID();
        int read = 0;
        for (int i = 0; i < ROUNDS; i++) {
            Stored stored = as("enroller").store(subject, TEMPLATE);
            assertArrayEquals(TEMPLATE, as("reader").read(stored).expect(200).bytes());
            read++;
        }
        return read;
    }

    private static void forbidStores(Connection lock) throws SQLException {
        lock.setAutoCommit(false);
        try (var statement = lock.createStatement()) {
            statement.execute("lock table vault.template in share row exclusive mode");
        }
    }

    private static Answer store() {
        return as("enroller")
                .post("/subjects/" + UUID.randomUUID() + "/templates?modality=FINGERPRINT&format=OPAQUE")
                .octets(TEMPLATE)
                .send();
    }

    private long waiting() {
        return rows.number(
                "select count(*) from pg_stat_activity where usename = 'vault_app' and wait_event_type = 'Lock'");
    }
}
