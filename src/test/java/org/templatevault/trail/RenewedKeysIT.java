package org.templatevault.trail;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.templatevault.crypto.Ed25519;
import org.templatevault.crypto.SecretBytes;
import org.templatevault.keyring.ServicePurpose;
import org.templatevault.keyring.StolenKey;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.Hold;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.OfflineVerifier;
import org.templatevault.testing.SilentNode;
import org.templatevault.testing.VaultClient;

/** Who had a compromised version had the keys that it wrapped: what is signed after the compromise is not signed with them. */
class RenewedKeysIT extends BehindTheVaultsBack {
    private static final byte[] TEMPLATE = IsoTemplates.fingerprint(40, 1);

    private final Custodian custodian = new Custodian(vault.server());

    @TempDir
    Path directory;

    private int newest(ServicePurpose purpose) {
        return (int) rows.number("select max(number) from vault.service_key where purpose = ?", purpose.name());
    }

    private static JsonObjectBuilder compromise() {
        return Json.createObjectBuilder().add("reason", "compromise");
    }

    private int keyOfNewestBlock() {
        awaitSealed();
        return (int)
                rows.number("select (line::json ->> 'key')::int from vault.audit_block order by number desc limit 1");
    }

    /** Not those of rows: other tests change some behind the vault's back. */
    private List<String> foundInTheChain() {
        return verify().getJsonArray("findings").getValuesAs(JsonObject.class).stream()
                .map(JsonObject::toString)
                .filter(finding -> finding.contains("\"block-") || finding.contains("\"checkpoint-"))
                .toList();
    }

    private String erased() {
        UUID subject = as("enroller").store(UUID.randomUUID(), TEMPLATE).subject();
        return as("eraser").erase(subject, "enrolment-error").expect(202).json().getString("id");
    }

    private int keyOfReceipt() {
        String erasure = erased();
        return as("auditor")
                .get("/erasures/" + erasure)
                .send()
                .expect(200)
                .json()
                .getInt("keyNumber");
    }

    private OfflineVerifier.Result verifyOffline() throws IOException {
        Path export = directory.resolve("export.ndjson");
        Path keys = directory.resolve("public.pem");
        Files.writeString(
                export, as("auditor").get("/audit/export").send().expect(200).text());
        Files.writeString(
                keys, as("auditor").get("/audit/keys").send().expect(200).text());
        return OfflineVerifier.run(export, keys);
    }

    @Test
    void stayWithARotationAndAreMadeAnewInACompromise() throws Exception {
        int before = newest(ServicePurpose.SIGNING);
        int requests = newest(ServicePurpose.IDEMPOTENCY);
        VaultClient session = vault.server().client().inSession("operator");
        custodian.drained(custodian.start());
        session.get("/keys").send().expect(200);
        assertEquals(before, newest(ServicePurpose.SIGNING));

        String key = "before-" + UUID.randomUUID();
        String subject = made(key);
        String rotation = custodian.start(compromise());
        custodian.drained(rotation);
        assertEquals(before + 1, newest(ServicePurpose.SIGNING));
        assertEquals(requests + 1, newest(ServicePurpose.IDEMPOTENCY));
        assertEquals(before + 1, keyOfReceipt());
        assertEquals(before + 1, keyOfNewestBlock());
        assertEquals(
                List.of("IDEMPOTENCY " + (requests + 1) + ", SIGNING " + (before + 1)),
                rows.texts(
                        "select line::json #>> '{notes,serviceKeys}' from vault.audit_entry"
                                + " where line::json #>> '{notes,rotation}' = ?",
                        rotation + " ACTIVATED"));
        session.get("/keys").send().problem(401, "not-signed-in");
        vault.server().client().inSession("operator").get("/keys").send().expect(200);
        assertEquals(subject, made(key), "what a key stood for before, it stands for after");

        assertEquals(List.of(), foundInTheChain());
        OfflineVerifier.Result offline = verifyOffline();
        assertEquals(0, offline.code(), offline::output);
    }

    /** Not even where the rows of the new keys are taken away. */
    @Test
    void areNotReplacedByThoseOfBefore() {
        String erasure = erased();
        custodian.drained(custodian.start(compromise()));
        int newest = newest(ServicePurpose.SIGNING);
        keep("service_key", "purpose = 'SIGNING' and number = ?", newest);
        rows.change("delete from vault.service_key where purpose = 'SIGNING' and number = ?", newest);
        as("auditor").get("/erasures/" + erasure).send().problem(503, "key-store-unavailable");
        undoes();
        undo.clear();
        as("auditor").get("/erasures/" + erasure).send().expect(200);
    }

    @Tag("nightly")
    @Test
    void areMadeAllOrNoneWhereTheNodeIsKilledMeanwhile() {
        int before = newest(ServicePurpose.SIGNING);
        int requests = newest(ServicePurpose.IDEMPOTENCY);
        String rotation;
        try (Hold hold = vault.proxy().holdStatement("insert into vault.service_key")) {
            rotation = custodian.start(compromise());
            hold.awaitHeld(Duration.ofSeconds(60));
            vault.server().kill();
        }
        vault.server().start();
        custodian.drained(rotation);
        assertEquals(before + 1, newest(ServicePurpose.SIGNING));
        assertEquals(requests + 1, newest(ServicePurpose.IDEMPOTENCY));
        assertEquals(before + 1, keyOfReceipt());
        assertEquals(List.of(), foundInTheChain());
    }

    @Test
    void haveNumbersForWhichNobodyHasPublishedAKey() {
        int before = newest(ServicePurpose.SIGNING);
        undo.add(() -> rows.change("delete from vault.signing_key where number = ?", before + 1));
        rows.change("insert into vault.signing_key values (?, '\\x00', now())", before + 1);
        custodian.drained(custodian.start(compromise()));
        assertEquals(before + 2, newest(ServicePurpose.SIGNING));
        assertEquals(before + 2, keyOfReceipt());
    }

    private String made(String idempotencyKey) {
        return as("enroller")
                .post("/subjects")
                .header("Idempotency-Key", idempotencyKey)
                .json("{}")
                .send()
                .expect(201)
                .json()
                .getString("id");
    }

    @Test
    void areMadeWithTheNextActivationWhereTheCompromiseWasGivenUp() {
        int before = newest(ServicePurpose.SIGNING);
        SilentNode.during(rows, () -> {
            String rotation = custodian.start(compromise());
            custodian.await(rotation, "STAGED");
            return custodian.steer(rotation, "cancel").expect(200);
        });
        assertEquals(before, newest(ServicePurpose.SIGNING));
        custodian.drained(custodian.start());
        assertEquals(before + 1, newest(ServicePurpose.SIGNING));
        custodian.drained(custodian.start());
        assertEquals(before + 1, newest(ServicePurpose.SIGNING));
    }

    /** The newest block, whose place in the chain no later one vouches for, and of which no checkpoint was taken. */
    @Test
    void letNobodySignABlockWithAKeyOfBefore() throws Exception {
        int before = newest(ServicePurpose.SIGNING);
        custodian.drained(custodian.start(compromise()));
        assertEquals(before + 1, keyOfNewestBlock());
        as("auditor").get("/keys").send().expect(200);
        awaitSealed();
        holdTheSealerOff();
        undo.add(this::letSeal);
        long block = rows.number("select max(number) from vault.audit_block");
        keep("audit_block", "number = ?", block);
        keepCheckpoints();
        Files.write(
                checkpoints,
                Files.readAllLines(checkpoints).stream()
                        .filter(checkpoint -> !checkpoint.contains("block\\\":" + block + ","))
                        .toList());
        String line = rows.texts("select line from vault.audit_block where number = ?", block)
                .get(0)
                .replace("\"key\":" + (before + 1), "\"key\":" + before);
        try (SecretBytes stolen = StolenKey.service(vault.home(), ServicePurpose.SIGNING, before)) {
            rows.change(
                    "update vault.audit_block set line = ?, signature = ? where number = ?",
                    line,
                    Ed25519.sign(stolen, line.getBytes(StandardCharsets.UTF_8)),
                    block);
        }
        assertEquals(List.of("block-changed"), found("block", block));
        OfflineVerifier.Result offline = verifyOffline();
        assertEquals(1, offline.code(), offline::output);
        assertTrue(offline.output().contains("block-changed: block " + block), offline::output);
    }
}
