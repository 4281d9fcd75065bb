package org.templatevault.testing;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What holds in the tables. */
public final class Invariants {
    private static final Map<String, String> NONE = new LinkedHashMap<>();
    private static final Map<String, String> NONE_ONCE_DRAINED = new LinkedHashMap<>();

    static {
        NONE.put(
                "templates that are not under their subject's key",
                "select count(*) from vault.template t left join vault.subject_key k using (subject_id)"
                        + " where k.dek_number is distinct from t.dek_number");
        NONE_ONCE_DRAINED.put(
                "subjects on a version that is not active and not in quarantine",
                "select count(*) from vault.subject_key k where kek_version <>"
                        + " (select version from vault.key_version where state = 'ACTIVE')"
                        + " and not exists (select 1 from vault.quarantine q where q.subject_id = k.subject_id)");
        NONE_ONCE_DRAINED.put(
                "service keys on a version that is not active",
                "select count(*) from vault.service_key where kek_version <>"
                        + " (select version from vault.key_version where state = 'ACTIVE')");
        NONE.put(
                "subjects whose stored bytes are not the sum of their envelopes",
                "select count(*) from vault.subject_key k where stored_bytes <> (select coalesce("
                        + "sum(octet_length(envelope)), 0) from vault.template t where t.subject_id = k.subject_id)");
        NONE.put(
                "versions whose subjects are not the sum of their counts",
                "select count(*) from (select kek_version, count(*) as n from vault.subject_key group by 1) s"
                        + " full join (select kek_version, sum(case when kind in ('CREATED', 'MOVED_IN')"
                        + " then subjects else -subjects end) as n from vault.subject_count group by 1) c"
                        + " using (kek_version) where coalesce(s.n, 0) <> coalesce(c.n, 0)");
        NONE.put(
                "rows in quarantine of subjects that are gone",
                "select count(*) from vault.quarantine q where not exists"
                        + " (select 1 from vault.subject_key k where k.subject_id = q.subject_id)");
        NONE.put(
                "ended rotations that do not add up",
                "select count(*) from vault.rotation where total <>"
                        + " ended_done + ended_remaining + ended_quarantined + ended_erased"
                        + " or ended_remaining < 0 or state like 'DRAINED%' and ended_remaining <> 0");
        NONE.put(
                "entries of the trail that are in no block and wait for none",
                "select count(*) from vault.audit_entry e where not exists"
                        + " (select 1 from vault.audit_block_entry b where b.at = e.at and b.entry = e.id)"
                        + " and not exists (select 1 from vault.audit_pending p where p.at = e.at and p.id = e.id)");
        NONE.put(
                "blocks that have other entries than they say",
                "select count(*) from vault.audit_block b where (line::json ->> 'entries')::int <>"
                        + " (select count(*) from vault.audit_block_entry m where m.block = b.number)");
        NONE.put(
                "days, policies or holds of subjects that are gone, or subjects without them",
                "select (select count(*) from vault.subject_hold h where not exists"
                        + " (select 1 from vault.subject_key k where k.subject_id = h.subject_id))"
                        + " + (select count(*) from vault.subject_retention r full join vault.subject_key k"
                        + " using (subject_id) where r.policy is null or k.revision is null)");
        NONE.put(
                "bulk erasures that do not add up, or know subjects that are gone",
                "select (select count(*) from vault.bulk_erasure b where state = 'DONE' and (total <> erased + held +"
                        + " absent + kept + failed or erased <> (select count(*) from vault.bulk_erasure_receipt r"
                        + " where r.bulk_id = b.id))) + (select count(*) from vault.bulk_erasure_item i where not exists"
                        + " (select 1 from vault.subject_key k where k.subject_id = i.subject_id))");
        NONE.put(
                "remembered requests about subjects that are gone",
                "select count(*) from vault.idempotency i where subject_id is not null"
                        + " and not exists (select 1 from vault.subject_key k where k.subject_id = i.subject_id)");
    }

    private Invariants() {}

    /** The rules that are broken where no rotation is open, nor the last one was cancelled; with how many rows break each. */
    public static List<String> broken(Rows rows) {
        List<String> broken = brokenInAnyState(rows);
        broken.addAll(broken(rows, NONE_ONCE_DRAINED));
        return broken;
    }

    /** The rules that are broken whatever rotation there is; with how many rows break each. */
    static List<String> brokenInAnyState(Rows rows) {
        return broken(rows, NONE);
    }

    private static List<String> broken(Rows rows, Map<String, String> rules) {
        List<String> broken = new ArrayList<>();
        rules.forEach((what, query) -> {
            long found = rows.number(query);
            if (found != 0) {
                broken.add(found + " " + what);
            }
        });
        return broken;
    }
}
