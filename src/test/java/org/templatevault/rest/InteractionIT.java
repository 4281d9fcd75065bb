package org.templatevault.rest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.templatevault.testing.SharedVault.as;

import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Answer;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.Policies;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;

/** The days on which persons were there. */
class InteractionIT {
    private static final byte[] TEMPLATE = IsoTemplates.fingerprint(40, 1);
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Rows rows = new Rows(SharedVault.server().home());

    private static LocalDate today() {
        return LocalDate.now(ZoneOffset.UTC);
    }

    private static void read(Stored stored, String purpose) {
        assertArrayEquals(
                TEMPLATE,
                as("reader")
                        .get(stored.path() + "/content")
                        .header("X-Purpose", purpose)
                        .header("Accept", "application/octet-stream")
                        .send()
                        .expect(200)
                        .bytes());
    }

    private void awaitThereToday(UUID subject) {
        TestHome.await(
                "the day is written",
                PATIENCE,
                () -> Policies.lastThere(subject).equals(today()));
    }

    @Test
    void isNotMovedByAHundredLoadsOfMachines() {
        Stored stored = as("enroller").store(UUID.randomUUID(), TEMPLATE);
        Stored witness = as("enroller").store(UUID.randomUUID(), TEMPLATE);
        LocalDate before = today().minusDays(400);
        Policies.wasThere(stored.subject(), before);
        Policies.wasThere(witness.subject(), before);
        String batch =
                "{\"items\":[{\"subject\":\"" + stored.subject() + "\",\"template\":\"" + stored.template() + "\"}]}";
        for (int i = 0; i < 100; i++) {
            switch (i % 4) {
                case 0 -> read(stored, "identification");
                case 1 -> read(stored, "migration");
                case 2 -> read(stored, "support");
                default ->
                    as("reader")
                            .post("/templates:batchGet")
                            .header("X-Purpose", "verification")
                            .json(batch)
                            .send()
                            .expect(200);
            }
        }
        as("enroller")
                .post("/templates:batchStore")
                .json("{\"items\":[{\"subject\":\"" + stored.subject()
                        + "\",\"modality\":\"FACE\",\"format\":\"OPAQUE\",\"data\":\"QUJD\"}]}")
                .send()
                .expect(200);
        as("reader").get(stored.path() + "/versions").send().expect(200);
        // What was noted before is written by then: the witness was read after all of it.
        read(witness, "verification");
        awaitThereToday(witness.subject());
        assertEquals(before, Policies.lastThere(stored.subject()));
    }

    @Test
    void isMovedByAVerificationAndByAnEnrolmentOnceADay() {
        Stored stored = as("enroller").store(UUID.randomUUID(), TEMPLATE);
        String written = "select xmin::text from vault.subject_retention where subject_id = ?";
        Policies.wasThere(stored.subject(), today().minusDays(3));
        read(stored, "verification");
        awaitThereToday(stored.subject());
        List<String> once = rows.texts(written, stored.subject());
        read(stored, "verification");
        interact(stored.subject()).expect(204);
        as("enroller").store(stored.subject(), TEMPLATE);
        Stored witness = as("enroller").store(UUID.randomUUID(), TEMPLATE);
        Policies.wasThere(witness.subject(), today().minusDays(3));
        as("enroller").store(witness.subject(), TEMPLATE);
        awaitThereToday(witness.subject());
        assertEquals(once, rows.texts(written, stored.subject()));
        assertEquals(2, Policies.subject(stored.subject()).getInt("revision"));
    }

    /** Who is enrolled and told so must not be erased a moment later because his time was over. */
    @Test
    void isMovedInTheTransactionOfAnEnrolment() {
        Stored first = as("enroller").store(UUID.randomUUID(), TEMPLATE);
        Policies.wasThere(first.subject(), today().minusDays(3));
        Stored another = as("enroller").store(first.subject(), TEMPLATE);
        assertEquals(
                1,
                new Rows(SharedVault.server().home())
                        .number(
                                "select count(*) from vault.subject_retention r join vault.template t on t.xmin = r.xmin"
                                        + " where r.subject_id = ? and t.id = ?",
                                first.subject(),
                                another.template()));
        assertEquals(today(), Policies.lastThere(first.subject()));
    }

    private static Answer interact(UUID subject) {
        return as("reader").post("/subjects/" + subject + ":interaction").send();
    }

    @Test
    void isMovedBySomebodyWhoWorksFromACopy() {
        UUID subject = as("enroller").store(UUID.randomUUID(), TEMPLATE).subject();
        Policies.wasThere(subject, today().minusDays(30));
        interact(subject).expect(204);
        assertEquals(today(), Policies.lastThere(subject));
        interact(UUID.randomUUID()).problem(404, "subject-not-found");
        as("eraser")
                .delete("/subjects/" + subject)
                .header("If-Match", "\"1\"")
                .header("X-Reason", "retention")
                .send()
                .expect(202);
        interact(subject).problem(410, "subject-erased");
        assertEquals(0, rows.number("select count(*) from vault.subject_retention where subject_id = ?", subject));
    }

    /** As the rows stand when the clock was set back over midnight: the later day stays. */
    @Test
    void isNeverMovedBackByAClockThatWasSetBack() {
        Stored stored = as("enroller").store(UUID.randomUUID(), TEMPLATE);
        LocalDate ahead = today().plusDays(1);
        Policies.wasThere(stored.subject(), ahead);
        read(stored, "verification");
        interact(stored.subject()).expect(204);
        assertEquals(ahead, Policies.lastThere(stored.subject()));
    }
}
