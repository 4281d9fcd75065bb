package org.templatevault.trail;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Answer;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TestHome;

/** A search of the trail that takes too long. */
@Tag("nightly")
class SearchIT {
    private static final Duration LONGER_THAN_IT_MAY = Duration.ofSeconds(25);
    private static final String SEARCHES = "select count(*) from pg_stat_activity where state = 'active'"
            + " and query like 'select * from vault.audit_entry where (%' and pid <> pg_backend_pid()";

    private final SharedVault.Mortal vault = SharedVault.mortal();
    private final Rows rows = new Rows(vault.home());

    /** Somebody's lock stands for a trail that is so long: as soon as the search has ended, its own entry is to be written. */
    @Test
    void endsInTheDatabaseAsWellAndIsNotTriedAgain() throws Exception {
        try (Connection other = vault.home().superuser().getConnection();
                Statement lock = other.createStatement()) {
            other.setAutoCommit(false);
            lock.execute("lock table vault.audit_entry in access exclusive mode");
            CompletableFuture<Answer> searching = CompletableFuture.supplyAsync(() -> vault.server()
                    .as("auditor")
                    .get("/audit?caller=nobody-has-this-name")
                    .send());
            rows.awaitBlocked("select * from vault.audit_entry where (");
            TestHome.await("the search has ended", LONGER_THAN_IT_MAY, () -> rows.number(SEARCHES) == 0);
            other.rollback();
            searching.join().problem(422, "search-too-wide");
            assertEquals(0, rows.number(SEARCHES));
        }
    }
}
