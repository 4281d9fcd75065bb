package org.templatevault.erasure;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObjectBuilder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.keyring.KeyRings;
import org.templatevault.keyring.Signature;
import org.templatevault.persistence.Bytes;
import org.templatevault.persistence.ErasureRounds;
import org.templatevault.persistence.Erasures;
import org.templatevault.persistence.Transactions;
import org.templatevault.vault.SubjectVault;

/** Writes and signs what is known of an erasure now; each time anew, while its steps come true. */
@ApplicationScoped
public class Receipts {
    private static final String NOT_ATTESTED =
            "copies that nobody registered; backups of a token; buffers and swap of hosts; what a file system keeps of"
                    + " blocks that PostgreSQL has freed, and PostgreSQL of free space in pages and of log files that it"
                    + " will use again; nodes that were silent";

    /**
     * A receipt.
     *
     * @param body the JSON that is signed, byte for byte
     * @param publicKey a DER SubjectPublicKeyInfo
     */
    public record Signed(Bytes body, Bytes signature, int keyNumber, Bytes publicKey) {}

    @Inject
    Transactions transactions;

    @Inject
    SubjectVault subjects;

    @Inject
    ErasureRounds rounds;

    @Inject
    Waiting waiting;

    @Inject
    KeyRings keyRings;

    /** Erasures with ids below this one, the newest first, with the steps that are recorded. */
    public List<ErasureRounds.Recent> newest(UUID before, int limit) {
        return transactions.read(() -> rounds.newest(before, limit));
    }

    /** The receipt of an erasure as of now. */
    public Signed receipt(UUID erasure) {
        Erasures.Row row = subjects.erasure(erasure);
        List<ErasureRounds.Row> all = transactions.read(() -> rounds.of(erasure));
        byte[] body = body(row, all).build().toString().getBytes(StandardCharsets.UTF_8);
        Signature signature = transactions.read(() -> keyRings.sign(body));
        return new Signed(Bytes.of(body), signature.bytes(), signature.keyNumber(), signature.publicKey());
    }

    private JsonObjectBuilder body(Erasures.Row row, List<ErasureRounds.Row> all) {
        ErasureRounds.Row last = all.get(all.size() - 1);
        JsonObjectBuilder json = Json.createObjectBuilder()
                .add("type", "template-vault erasure receipt")
                .add("vault", keyRings.current().vaultId().toString())
                .add("id", row.id().toString())
                .add("reason", row.reason())
                .add("requestedBy", row.requestedBy())
                .add("templates", row.templates())
                .add("released", row.released())
                .add("firstKeyVersion", last.firstKekVersion())
                .add("lastKeyVersion", last.lastKekVersion())
                .add("logicalAt", row.logicalAt().toString());
        if (row.pseudonym() != null) {
            json.add("pseudonym", HexFormat.of().formatHex(row.pseudonym().toArray()));
        }
        addAgain(json, all);
        add(json, "evictedAt", last.evictedAt());
        add(json, "cryptographicAt", last.cryptographicAt());
        add(json, "physicalAt", last.physicalAt());
        return json.add("waiting", waiting(last))
                .add("registeredLater", transactions.read(() -> rounds.lateCopies(row.id(), last.round())))
                .add("notAttested", NOT_ATTESTED)
                .add("signedAt", Instant.now().truncatedTo(ChronoUnit.MICROS).toString());
    }

    private static void addAgain(JsonObjectBuilder json, List<ErasureRounds.Row> all) {
        if (all.size() > 1) {
            JsonArrayBuilder again = Json.createArrayBuilder();
            all.subList(1, all.size()).forEach(round -> again.add(round.at().toString()));
            json.add("erasedAgainAt", again);
        }
    }

    private JsonObjectBuilder waiting(ErasureRounds.Row round) {
        JsonObjectBuilder json = Json.createObjectBuilder();
        if (round.evictedAt() == null) {
            json.add("evictedAt", json(waiting.forEviction(round)));
        }
        if (round.cryptographicAt() == null) {
            json.add("cryptographicAt", json(waiting.forKeys(round)));
        }
        if (round.physicalAt() == null) {
            json.add("physicalAt", json(waiting.forRows(round)));
        }
        return json;
    }

    private static JsonObjectBuilder json(Waiting.Answer answer) {
        JsonObjectBuilder json = Json.createObjectBuilder().add("for", Json.createArrayBuilder(answer.causes()));
        add(json, "expected", answer.expected());
        return json;
    }

    private static void add(JsonObjectBuilder json, String name, @Nullable Instant instant) {
        if (instant == null) {
            json.addNull(name);
        } else {
            json.add(name, instant.toString());
        }
    }
}
