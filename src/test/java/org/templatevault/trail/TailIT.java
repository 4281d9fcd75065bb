package org.templatevault.trail;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.TestHome;

/** All traces of the newest block go from the database; what was told outside of it stays, and is looked at. */
class TailIT extends BehindTheVaultsBack {
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

    @Test
    void isNamedByTheCheckpointFile() {
        putTheSealersCountBack();
        assertTrue(found("block", newest).contains("tail-cut"));
    }
}
