package org.templatevault.trail;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.HexFormat;
import java.util.List;
import org.templatevault.approval.ApprovalLedger;
import org.templatevault.config.Settings;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;
import org.templatevault.persistence.Approvals;
import org.templatevault.persistence.AuditBlocks;
import org.templatevault.persistence.Transactions;

/**
 * How long the trail is kept. The vault drops nothing: it takes the request, two people decide, and the schema's owner
 * calls {@code vault.drop_audit_month}, which looks whether they have.
 */
@ApplicationScoped
public class Retention {
    /** The kind of approval that giving up a month needs; the owner's function looks for it. */
    static final String DROP = "drop-audit-month";

    @Inject
    Settings settings;

    @Inject
    Transactions transactions;

    @Inject
    AuditBlocks blocks;

    @Inject
    ApprovalLedger approvals;

    /** The age in months from which a month can be given up. */
    public int months() {
        return settings.auditRetentionMonths();
    }

    /** The months of which only the blocks' headers are left. */
    public List<String> pruned() {
        return transactions.read(blocks::pruned);
    }

    /**
     * Asks to give up the entries of a month.
     *
     * @param month such as {@code 2026-11}, in UTC
     * @param head the hash of its newest block: whoever names it has the export
     * @throws VaultException naming what is wrong
     */
    public Approvals.Row request(String month, String head, String caller) {
        requireOld(month);
        return transactions.patiently(() -> transactions.call(() -> {
            AuditBlocks.Row newest =
                    blocks.newestOf(month).orElseThrow(() -> invalid("month", "one that the trail has blocks of"));
            if (!HexFormat.of().formatHex(Merkle.block(newest.line())).equals(head)) {
                throw invalid("head", "that of the month's newest block, as the verification of an export prints it");
            }
            String words = "Drop the entries of " + month + " from the audit trail for ever; its newest block is "
                    + newest.number() + ", whose hash is " + head;
            return approvals.request(DROP, month, words, caller);
        }));
    }

    private void requireOld(String month) {
        try {
            YearMonth youngest = YearMonth.now(ZoneOffset.UTC).minusMonths(months());
            if (YearMonth.parse(month).isBefore(youngest)) {
                return;
            }
        } catch (DateTimeParseException notAMonth) {
            throw invalid("month", "a month such as 2026-11");
        }
        throw invalid("month", "before the last " + months() + " months (VAULT_AUDIT_RETENTION_MONTHS)");
    }

    private static VaultException invalid(String field, String rule) {
        return new VaultException(ErrorKind.INVALID, "invalid-field", field + ": " + rule, field, null);
    }
}
