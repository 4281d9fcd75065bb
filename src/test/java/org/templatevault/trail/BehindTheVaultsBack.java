package org.templatevault.trail;

import jakarta.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient;

/**
 * Somebody with the database changes trail and rows behind the vault's back. The sealer is held off meanwhile by its lease,
 * and every change is undone.
 */
abstract class BehindTheVaultsBack {
    final SharedVault.Mortal vault = SharedVault.mortal();
    final Rows rows = new Rows(vault.home());
    final List<Runnable> undo = new ArrayList<>();
    final Path checkpoints = vault.home().directory().resolve("checkpoints.ndjson");

    VaultClient as(String role) {
        return vault.server().as(role);
    }

    void awaitSealed() {
        TestHome.await(
                "everything is sealed",
                Duration.ofSeconds(10),
                () -> rows.number("select count(*) from vault.audit_pending") == 0);
    }

    void holdTheSealerOff() {
        rows.change("update vault.lease set owner = gen_random_uuid(), expires_at = now() + interval '1 hour'"
                + " where name = 'audit'");
    }

    void letSeal() {
        rows.change("update vault.lease set expires_at = now() where name = 'audit'");
    }

    @AfterEach
    void undoes() {
        for (int i = undo.size() - 1; i >= 0; i--) {
            undo.get(i).run();
        }
    }

    JsonObject verify() {
        return as("auditor").post("/audit:verify").json("{}").send().expect(200).json();
    }

    /** The kinds of the findings about this thing. */
    List<String> found(String name, Object value) {
        return verify().getJsonArray("findings").getValuesAs(JsonObject.class).stream()
                .filter(finding -> finding.getString(name, "").equals(value.toString()))
                .map(finding -> finding.getString("kind"))
                .toList();
    }

    /** The checkpoint file is put back as it is, whatever is written to it. */
    void keepCheckpoints() throws IOException {
        byte[] told = Files.readAllBytes(checkpoints);
        undo.add(() -> {
            try {
                Files.write(checkpoints, told);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    /** Rows that are put back as they were, whatever happens to them. */
    void keep(String table, String where, Object... arguments) {
        undo.add(rows.kept(table, where, arguments));
    }
}
