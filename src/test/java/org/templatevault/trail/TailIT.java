package org.templatevault.trail;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.templatevault.testing.OfflineVerifier;
import org.templatevault.testing.TestHome;

/** All traces of the newest block go from the database; what was told outside of it stays, and is looked at. */
class TailIT extends BehindTheVaultsBack {
    private static final Duration SOON = Duration.ofSeconds(10);

    @TempDir
    Path directory;

    private long newest;

    @BeforeEach
    void cutsOffTheNewestBlock() throws IOException {
        as("auditor").get("/keys").send().expect(200);
        awaitSealed();
        holdTheSealerOff();
        undo.add(this::letSeal);
        keepCheckpoints();
        newest = rows.number("select max(number) from vault.audit_block");
        keep("audit_state", "true");
        keep("audit_block", "number >= ?", newest);
        keep("audit_entry", "id in (select entry from vault.audit_block_entry where block = ?)", newest);
        List<String> members = rows.texts("select entry::text from vault.audit_block_entry where block = ?", newest);
        keep("audit_block_entry", "block >= ?", newest);
        undo.add(this::takeBackWhatWasSealedSince);
        members.forEach(member -> rows.change("delete from vault.audit_entry where id = ?::uuid", member));
        rows.change("delete from vault.audit_block_entry where block = ?", newest);
        rows.change("delete from vault.audit_block where number = ?", newest);
    }

    private void takeBackWhatWasSealedSince() {
        holdTheSealerOff();
        TestHome.pause(Duration.ofMillis(500));
        rows.change(
                "insert into vault.audit_pending select at, entry from vault.audit_block_entry where block >= ?",
                newest);
    }

    private void putTheSealersCountBack() {
        rows.change("update vault.audit_state set block = block - 1");
    }

    private void sealOneMore() {
        long told = told();
        letSeal();
        as("auditor").get("/keys").send().expect(200);
        TestHome.await(
                "a block follows",
                SOON,
                () -> rows.number("select count(*) from vault.audit_block where number >= ?", newest) > 0);
        TestHome.await("it is told", SOON, () -> told() > told);
        holdTheSealerOff();
    }

    private long told() {
        try (var lines = Files.lines(checkpoints)) {
            return lines.count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void isNamedByTheCheckpointFile() {
        putTheSealersCountBack();
        assertTrue(found("block", newest).contains("tail-cut"));
    }

    @Test
    void isNamedAlsoWhereAnotherBlockHasTakenItsNumber() throws Exception {
        putTheSealersCountBack();
        sealOneMore();
        assertEquals(newest, rows.number("select min(number) from vault.audit_block where number >= ?", newest));
        assertEquals(List.of("block-changed"), found("block", newest));
        Path export = directory.resolve("export.ndjson");
        Path keys = directory.resolve("public.pem");
        Files.write(
                export, as("auditor").get("/audit/export").send().expect(200).bytes());
        Files.write(keys, as("auditor").get("/audit/keys").send().expect(200).bytes());
        OfflineVerifier.Result result = OfflineVerifier.run(export, keys, checkpoints);
        assertEquals(1, result.code(), result::output);
        assertTrue(result.output().contains("block-changed: block " + newest + " "), result::output);
    }

    /** The sealer does not close a gap before what it has counted. */
    @Test
    void leavesAGapForEverWhereTheSealersCountIsAhead() {
        sealOneMore();
        assertEquals(newest + 1, rows.number("select min(number) from vault.audit_block where number >= ?", newest));
        assertEquals(List.of("block-removed"), found("from", newest));
    }
}
