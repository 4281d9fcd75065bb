package org.templatevault.testing;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Assertions;

/** Enrols many, asks for their erasure, holds and waits. */
public final class Eraser {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final VaultServer server;
    private final Rows rows;

    /** For this server. */
    public Eraser(VaultServer server) {
        this.server = server;
        this.rows = new Rows(server.home());
    }

    private VaultClient as(String role) {
        return server.as(role);
    }

    /** Makes subjects with a template each. */
    public List<UUID> enrol(int count) {
        return enrol(count, "OTHER");
    }

    /** Makes subjects with a template of this modality each. */
    public List<UUID> enrol(int count, String modality) {
        List<UUID> subjects = new ArrayList<>();
        JsonArrayBuilder items = Json.createArrayBuilder();
        for (int i = 0; i < count; i++) {
            UUID subject = UUID.randomUUID();
            subjects.add(subject);
            items.add(Json.createObjectBuilder()
                    .add("subject", subject.toString())
                    .add("modality", modality)
                    .add("format", "OPAQUE")
                    .add("data", "QUJD"));
        }
        as("enroller")
                .post("/templates:batchStore")
                .json(Json.createObjectBuilder()
                        .add("atomic", true)
                        .add("items", items)
                        .build())
                .send()
                .expect(200);
        return subjects;
    }

    /** A request for these subjects. */
    public static JsonObject list(List<UUID> subjects) {
        JsonArrayBuilder ids = Json.createArrayBuilder();
        subjects.forEach(subject -> ids.add(subject.toString()));
        return Json.createObjectBuilder().add("subjects", ids).build();
    }

    /** Asks, whatever the answer. */
    public Answer ask(JsonObject body) {
        return ask(body.toString());
    }

    /** Asks, whatever the answer. */
    public Answer ask(String body) {
        return as("eraser")
                .post("/erasures")
                .header("X-Reason", "consent-withdrawn")
                .json(body)
                .send();
    }

    /** A bulk erasure, whose figures must add up. */
    public JsonObject get(String id) {
        JsonObject bulk =
                as("operator").get("/erasures/bulk/" + id).send().expect(200).json();
        Assertions.assertEquals(
                bulk.getInt("total"),
                bulk.getInt("erased")
                        + bulk.getInt("held")
                        + bulk.getInt("absent")
                        + bulk.getInt("kept")
                        + bulk.getInt("failed")
                        + bulk.getInt("remaining"),
                bulk::toString);
        return bulk;
    }

    /** Waits for a state. */
    public JsonObject await(String id, String state) {
        try {
            TestHome.await(
                    "the erasure is " + state,
                    PATIENCE,
                    () -> get(id).getString("state").equals(state));
        } catch (AssertionError e) {
            throw new AssertionError(e.getMessage() + ": " + get(id) + ", the latest jobs " + jobs(), e);
        }
        return get(id);
    }

    private List<String> jobs() {
        return rows.texts(
                "select row_to_json(j)::text from (select jobexecid, batchstatus, createtime, starttime, updatetime"
                        + " from batch.jb_jobexecution order by jobexecid desc limit 3) j");
    }

    /** Sets a legal hold, whatever the answer. */
    public Answer hold(UUID subject) {
        return as("eraser")
                .put("/subjects/" + subject + "/hold")
                .header("X-Reason", "Case 1")
                .send();
    }

    /** Lifts the hold. */
    public void lift(UUID subject) {
        as("eraser")
                .delete("/subjects/" + subject + "/hold")
                .header("X-Reason", "closed")
                .send()
                .expect(204);
    }

    /** Sets the rate, whatever the answer. */
    public Answer changeRate(String id, String rate) {
        return as("operator")
                .call("PATCH", "/erasures/bulk/" + id)
                .json("{\"rate\":" + rate + "}")
                .send();
    }

    /** Asks to pause or resume, whatever the answer. */
    public Answer steer(String id, String verb) {
        return as("operator").post("/erasures/bulk/" + id + ":" + verb).send();
    }

    /** How many of them have a row left. */
    public long present(List<UUID> subjects) {
        return subjects.stream()
                .filter(subject -> rows.number(
                                "select (select count(*) from vault.subject_key where subject_id = ?)"
                                        + " + (select count(*) from vault.template where subject_id = ?)"
                                        + " + (select count(*) from vault.subject_retention where subject_id = ?)",
                                subject,
                                subject,
                                subject)
                        > 0)
                .count();
    }

    /** The ids of its receipts. */
    public List<String> receipts(String id) {
        return as("auditor")
                .get("/erasures/bulk/" + id + "/receipts")
                .send()
                .expect(200)
                .json()
                .getJsonArray("receipts")
                .getValuesAs(JsonObject.class)
                .stream()
                .map(receipt -> receipt.getString("id"))
                .toList();
    }

    /** The record of an erasure as it leaves for another copy of the database. */
    public JsonObject exported(String id) {
        String cursor = "";
        while (true) {
            JsonObject page = server.as("auditor")
                    .get("/erasures" + cursor)
                    .send()
                    .expect(200)
                    .json();
            for (JsonObject one : page.getJsonArray("erasures").getValuesAs(JsonObject.class)) {
                if (one.getString("id").equals(id)) {
                    return one;
                }
            }
            cursor = "?cursor=" + page.getString("next");
        }
    }
}
