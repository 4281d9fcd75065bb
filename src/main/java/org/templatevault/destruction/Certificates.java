package org.templatevault.destruction;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.JsonValue;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.templatevault.keyring.KeyRings;
import org.templatevault.keyring.Signature;
import org.templatevault.persistence.Approvals;
import org.templatevault.persistence.AuditBlocks;
import org.templatevault.persistence.Copies;
import org.templatevault.persistence.Destructions;
import org.templatevault.persistence.ErasureRounds;
import org.templatevault.persistence.KeyUsage;
import org.templatevault.persistence.KeyVersions;

/** Writes and signs what a destruction attests. */
@ApplicationScoped
class Certificates {
    /** Those in {@code keyStoreCopies} hold the root key: with one of them the useless copies of the database open. */
    private static final String NOT_ATTESTED =
            "that the registered copies of the key store named here are destroyed; that a copy named in uselessCopies is"
                    + " useless as a whole: it is named where it can have rows under the version; copies that nobody"
                    + " registered; backups of a token; where rootKeyFound is not true, what became of the root key; buffers"
                    + " and swap of hosts; nodes that were silent; standbys that were not connected and have no replication"
                    + " slot";

    @Inject
    KeyRings keyRings;

    @Inject
    KeyUsage keyUsage;

    @Inject
    Copies copies;

    @Inject
    ErasureRounds erasureRounds;

    @Inject
    Destructions destructions;

    @Inject
    AuditBlocks auditBlocks;

    /** Signs the certificate of a version; part of the transaction that ends its destruction. */
    void certify(KeyVersions.Row version, Destructions.Row destruction, Approvals.Row approval, Instant now) {
        KeyUsage.Usage usage = keyUsage.of(version.version());
        Copies.Useless useless = copies.uselessWithout(version.version());
        JsonObjectBuilder body = Json.createObjectBuilder()
                .add("type", "template-vault key destruction")
                .add("vault", keyRings.current().vaultId().toString())
                .add("version", version.version())
                .add("fingerprint", fingerprint(version))
                .add("keyStore", version.keyStore())
                .add("rootKey", version.rootKeyAlias())
                .add("rootKeyFound", json(destruction.rootKeyFound()))
                .add(
                        "references",
                        Json.createObjectBuilder()
                                .add("subject_key", usage.subjectKeys())
                                .add("service_key", usage.serviceKeys()))
                .add("released", keyUsage.released(version.version()))
                .add("passedOver", destruction.refused())
                .add("pass", pass(destruction))
                .add("standing", PolicyLedger.isStanding(approval))
                .add("approval", approval.id().toString())
                .add(
                        "requestHash",
                        HexFormat.of().formatHex(approval.requestHash().toArray()))
                .add("request", approval.request())
                .add("requestedBy", approval.requestedBy())
                .add("requestedAt", approval.requestedAt().toString())
                .add("approvedBy", String.valueOf(approval.decidedBy()))
                .add("approvedAt", String.valueOf(approval.decidedAt()))
                .add("destroyedAt", now.toString())
                .add("uselessCopies", array(useless.listed()))
                .add("uselessCopiesInAll", useless.all())
                .add("keyStoreCopies", array(keyStoreCopies(version.version())))
                .add("notAttested", NOT_ATTESTED);
        auditBlocks
                .newest()
                .ifPresent(head -> body.add(
                        "trail",
                        Json.createObjectBuilder().add("block", head.number()).add("line", head.line())));
        byte[] bytes = body.build().toString().getBytes(StandardCharsets.UTF_8);
        Signature signature = keyRings.sign(bytes);
        destructions.certify(version.version(), bytes, signature.bytes().toArray(), signature.keyNumber(), now);
    }

    private List<Copies.Row> keyStoreCopies(int version) {
        return erasureRounds.keyStoreCopies(version, version).longest();
    }

    /** Null where a node of an earlier release has deleted it, which did not look. */
    private static JsonValue json(@Nullable Boolean found) {
        return found == null ? JsonValue.NULL : found ? JsonValue.TRUE : JsonValue.FALSE;
    }

    private static String fingerprint(KeyVersions.Row version) {
        return version.fingerprint() == null
                ? ""
                : HexFormat.of().formatHex(version.fingerprint().toArray());
    }

    private static JsonObjectBuilder pass(Destructions.Row destruction) {
        return Json.createObjectBuilder()
                .add("subjects", destruction.subjects())
                .add("templates", destruction.templates())
                .add("endedAt", String.valueOf(destruction.passedAt()));
    }

    private static JsonArrayBuilder array(List<Copies.Row> copies) {
        JsonArrayBuilder array = Json.createArrayBuilder();
        copies.forEach(copy -> array.add(Json.createObjectBuilder()
                .add("id", copy.id().toString())
                .add("kind", copy.kind())
                .add("takenAt", copy.takenAt().toString())));
        return array;
    }
}
