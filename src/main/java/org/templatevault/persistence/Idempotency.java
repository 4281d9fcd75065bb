package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.persistence.Sql.ArrayOf;

/**
 * What a caller's Idempotency-Key stood for: a keyed fingerprint of the request and the ids that its answer is rebuilt
 * from, never a body. A row is written first in the transaction of its effect, so that a second request with the same
 * key waits for the first.
 */
@ApplicationScoped
public class Idempotency {
    /** A remembered request. */
    public record Row(
            String caller,
            String key,
            int keyNumber,
            Bytes fingerprint,
            int status,
            @Nullable UUID subjectId,
            @Nullable UUID resourceId,
            @Nullable Integer version,
            Instant createdAt) {}

    /** The outcome of one item of a remembered batch; {@code kind} is null where the item was stored. */
    public record Item(
            int item,
            @Nullable String kind,
            @Nullable String code,
            @Nullable String field,
            @Nullable UUID subjectId,
            @Nullable UUID resourceId,
            @Nullable Integer version) {}

    private static final int PURGED_KEYS = 200;

    @Inject
    Sql sql;

    /** Takes the key for this transaction; false if it is taken, after waiting for whoever holds it. */
    public boolean claim(Row row) {
        return sql.update(
                        "insert into vault.idempotency (caller, key, key_number, fingerprint, status, subject_id,"
                                + " resource_id, version, created_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?)"
                                + " on conflict do nothing",
                        row.caller,
                        row.key,
                        row.keyNumber,
                        row.fingerprint,
                        row.status,
                        row.subjectId,
                        row.resourceId,
                        row.version,
                        row.createdAt)
                == 1;
    }

    /** What the key stood for. */
    public Optional<Row> find(String caller, String key) {
        return sql.first(
                "select * from vault.idempotency where caller = ? and key = ?",
                row -> new Row(
                        caller,
                        key,
                        row.getInt("key_number"),
                        Bytes.of(row.getBytes("fingerprint")),
                        row.getInt("status"),
                        row.getObject("subject_id", UUID.class),
                        row.getObject("resource_id", UUID.class),
                        row.getObject("version", Integer.class),
                        Sql.instant(row, "created_at")),
                caller,
                key);
    }

    /** Remembers the outcomes of a batch. */
    public void addItems(String caller, String key, List<Item> items) {
        sql.update(
                "insert into vault.idempotency_item (caller, key, item, kind, code, field, subject_id, resource_id,"
                        + " version) select ?, ?, * from unnest(?, ?, ?, ?, ?, ?, ?)",
                caller,
                key,
                ArrayOf.column("int4", items, Item::item),
                ArrayOf.column("text", items, Item::kind),
                ArrayOf.column("text", items, Item::code),
                ArrayOf.column("text", items, Item::field),
                UuidArray.column(items, Item::subjectId),
                UuidArray.column(items, Item::resourceId),
                ArrayOf.column("int4", items, Item::version));
    }

    /** The outcomes of a batch, in the order of its items. */
    public List<Item> items(String caller, String key) {
        return sql.query(
                "select * from vault.idempotency_item where caller = ? and key = ? order by item",
                row -> new Item(
                        row.getInt("item"),
                        row.getString("kind"),
                        row.getString("code"),
                        row.getString("field"),
                        row.getObject("subject_id", UUID.class),
                        row.getObject("resource_id", UUID.class),
                        row.getObject("version", Integer.class)),
                caller,
                key);
    }

    /** Takes a subject's ids out of what is remembered. */
    public void forgetSubject(UUID subject) {
        sql.update("update vault.idempotency set subject_id = null, resource_id = null where subject_id = ?", subject);
        sql.update(
                "update vault.idempotency_item set subject_id = null, resource_id = null" + " where subject_id = ?",
                subject);
    }

    /**
     * Forgets keys that are older than this, with what they remember of up to 1,000 items each.
     *
     * @return whether there may be more
     */
    public boolean purge(Instant olderThan) {
        return sql.first(
                        "with old as materialized (select caller, key from vault.idempotency where created_at < ?"
                                + " limit ? for update skip locked),"
                                + " items as (delete from vault.idempotency_item i using old"
                                + " where i.caller = old.caller and i.key = old.key),"
                                + " gone as (delete from vault.idempotency i using old"
                                + " where i.caller = old.caller and i.key = old.key returning 1)"
                                + " select count(*) as keys from gone",
                        row -> row.getLong("keys") == PURGED_KEYS,
                        olderThan,
                        PURGED_KEYS)
                .orElse(false);
    }
}
