package org.templatevault.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.templatevault.testing.SharedVault.as;

import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.DatabaseProxy.RoundTrip;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;

/** Counts what goes over the wire to PostgreSQL, not what the application believes. */
class RoundTripIT {
    private static final byte[] TEMPLATE = IsoTemplates.fingerprint(40, 1);

    /** A server that has just started asks for the day's erasures, whose job talks to the database as well. */
    @BeforeAll
    static void awaitTheDailyErasure() {
        Rows rows = new Rows(SharedVault.server().home());
        TestHome.await(
                "the daily erasure is done",
                Duration.ofSeconds(60),
                () -> rows.number(
                                "select count(*) filter (where state = 'DONE') - count(*) filter (where state <> 'DONE')"
                                        + " from vault.bulk_erasure")
                        > 0);
    }

    /** The fewest of some tries: what the server does in the background comes on top of some of them. */
    private static List<RoundTrip> fewest(Runnable request) {
        request.run();
        return Stream.generate(() -> SharedVault.proxy().during(request))
                .limit(50)
                .filter(RoundTripIT::isUndisturbed)
                .limit(10)
                .min(Comparator.comparingInt(List::size))
                .orElseThrow(() -> new AssertionError("a lease or the job repository was asked during each try"));
    }

    private static boolean isUndisturbed(List<RoundTrip> trips) {
        String all = trips.toString().toLowerCase(Locale.ROOT);
        return !all.contains("vault.lease") && !all.contains("batch.jb_");
    }

    @Test
    void readsATemplateWithOneQueryAndNoLockAndWritesItsEntryInOneMore() {
        Stored stored = as("enroller").store(UUID.randomUUID(), TEMPLATE);
        List<RoundTrip> trips = fewest(() -> as("reader").read(stored).expect(200));
        assertEquals(2, trips.size(), trips::toString);
        assertTrue(trips.get(1).toString().contains("vault.audit_entry"), trips::toString);
        String statements = trips.get(0).statements().toString().toLowerCase(Locale.ROOT);
        assertTrue(statements.contains("select"), statements);
        assertTrue(!statements.contains("for update") && !statements.contains("for share"), statements);
    }

    @Test
    void storesForAKnownSubjectWithAnIdempotencyKeyInFiveRoundTripsItsEntryIncluded() {
        UUID subject = UUID.randomUUID();
        as("enroller").store(subject, TEMPLATE);
        List<RoundTrip> trips = fewest(() -> as("enroller")
                .post("/subjects/" + subject + "/templates?modality=FINGERPRINT&format=OPAQUE")
                .header("Idempotency-Key", UUID.randomUUID().toString())
                .octets(TEMPLATE)
                .send()
                .expect(201));
        assertTrue(trips.size() <= 5, trips::toString);
        assertTrue(trips.toString().contains("vault.audit_entry"), trips::toString);
        assertTrue(trips.toString().contains("COMMIT"), trips::toString);
        assertTrue(trips.toString().contains("vault.idempotency"), trips::toString);
    }

    @Test
    void storesABatchForManySubjectsWithoutARoundTripForEach() {
        StringBuilder items = new StringBuilder();
        for (int i = 0; i < 100; i++) {
            items.append(i == 0 ? "" : ",")
                    .append("{\"subject\":\"")
                    .append(UUID.randomUUID())
                    .append("\",\"modality\":\"FACE\",\"format\":\"OPAQUE\",\"data\":\"QUJD\"}");
        }
        String body = "{\"items\":[" + items + "]}";
        List<RoundTrip> trips = fewest(() ->
                as("enroller").post("/templates:batchStore").json(body).send().expect(200));
        assertTrue(trips.size() <= 12, trips::toString);
    }
}
