package org.templatevault.destruction;

import static org.junit.jupiter.api.Assertions.assertEquals;

import jakarta.json.JsonObject;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.DatabaseProxy;
import org.templatevault.testing.SharedVault;

/** A node whose lease ran out while its statement was under way: what another has done meanwhile stands. */
class DestructionRaceIT extends LeftVersion {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final DatabaseProxy proxy = SharedVault.mortal().proxy();

    @Override
    void enrol() {
        server.as("enroller").store(UUID.randomUUID(), OPEN, new byte[] {1});
    }

    @Test
    void countsAPageOfTheFullPassOnce() {
        try (var page = proxy.holdStatement("update vault.destruction set reached_id")) {
            approver.beginDestruction(left.number());
            page.awaitHeld(PATIENCE);
            rows.change(
                    "update vault.destruction set reached_id = (select max(subject_id::text)::uuid from vault.subject_key),"
                            + " subjects = 1, templates = 7 where version = ?",
                    left.number());
        }
        JsonObject ended = left.await("DESTROYED");
        assertEquals(7, ended.getInt("templatesOpened"), ended::toString);
        assertEquals(7, left.certificate().getJsonObject("pass").getInt("templates"));
    }

    @Test
    void leavesAVersionOfWhichTheDestructionHasEnded() {
        try (var begin = proxy.holdStatement("update vault.destruction set state")) {
            approver.beginDestruction(left.number());
            begin.awaitHeld(PATIENCE);
            rows.change(
                    "update vault.destruction set state = 'CANCELLED', ended_at = now() where version = ?",
                    left.number());
        }
        approver.destroy(left.number());
    }
}
