package org.templatevault.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.templatevault.testing.SharedVault.as;

import jakarta.json.JsonObject;
import java.time.LocalDate;
import java.util.UUID;

/** Retention policies of the shared vault, and the subjects that have them. */
public final class Policies {
    private Policies() {}

    private static Rows rows() {
        return new Rows(SharedVault.server().home());
    }

    /** Asks for a version of a policy; the first one if {@code ifMatch} is empty. */
    public static Answer put(String name, String ifMatch, String json) {
        var call = as("eraser").put("/policies/" + name).json(json);
        return (ifMatch.isEmpty() ? call : call.header("If-Match", ifMatch)).send();
    }

    /** A policy's terms in JSON, with more members that each begin with a comma. */
    public static String terms(String more) {
        return "{\"purpose\":\"Access\",\"legalBasis\":\"Consent\"" + more + "}";
    }

    /** Makes a policy that is in force at once. */
    public static JsonObject make(String name, String more) {
        JsonObject made = put(name, "", terms(more)).expect(201).json();
        rows().change("update vault.policy_version set in_force_at = published_at where name = ?", name);
        return made;
    }

    /** Enrols a new subject under this policy. */
    public static UUID enrol(String name) {
        UUID subject = UUID.randomUUID();
        as("enroller")
                .store(subject, "modality=FINGERPRINT&format=OPAQUE&policy=" + name, IsoTemplates.fingerprint(40, 1));
        return subject;
    }

    /** What the vault tells of a subject. */
    public static JsonObject subject(UUID subject) {
        return as("auditor").get("/subjects/" + subject).send().expect(200).json();
    }

    /** Sets the days of enrolment and of the last interaction. */
    public static void wasThere(UUID subject, LocalDate day) {
        assertEquals(
                1,
                rows().change(
                                "update vault.subject_retention set last_interaction_on = ?, enrolled_on = ? where subject_id = ?",
                                day,
                                day,
                                subject));
    }

    /** The day of the last interaction, as the row has it. */
    public static LocalDate lastThere(UUID subject) {
        return LocalDate.parse(
                rows().texts("select last_interaction_on from vault.subject_retention where subject_id = ?", subject)
                        .get(0));
    }
}
