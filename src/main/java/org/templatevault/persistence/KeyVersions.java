package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The vault's identity, its key versions with their wrapped KEKs, and the wrapped service keys. */
@ApplicationScoped
public class KeyVersions {
    /** A key version; {@code wrapped} is null once its material is destroyed. */
    public record Row(
            int version,
            String state,
            String keyStore,
            String rootKeyAlias,
            String wrapSuite,
            Instant createdAt,
            @Nullable Instant activatedAt,
            @Nullable Instant deactivatedAt,
            @Nullable Instant compromisedAt,
            @Nullable Instant destroyedAt,
            @Nullable String dataSuite,
            @Nullable Bytes fingerprint,
            @Nullable Bytes wrapped) {}

    /**
     * A service key, wrapped by the KEK of {@code kekVersion}.
     *
     * @param retired there is a newer one of its purpose
     */
    public record ServiceKeyRow(String purpose, int number, int kekVersion, Bytes wrapped, boolean retired) {}

    @Inject
    Sql sql;

    /** The vault's UUID, or nothing in a database that no vault has used. */
    public Optional<UUID> vaultId() {
        return sql.first("select id from vault.vault_identity", row -> Sql.uuid(row, "id"));
    }

    /** Gives the database its vault; of two nodes that try at once the second waits, and answers false. */
    public boolean insertVaultId(UUID id, Instant now) {
        return sql.update(
                        "insert into vault.vault_identity (id, created_at) values (?, ?) on conflict do nothing",
                        id,
                        now)
                == 1;
    }

    /** All key versions, oldest first, destroyed ones too. */
    public List<Row> all() {
        return sql.query(
                "select v.*, m.wrapped from vault.key_version v left join vault.key_material m using (version)"
                        + " order by v.version",
                KeyVersions::read);
    }

    /** Stores a new version in the state PRE_ACTIVE with its wrapped KEK. */
    public void insert(
            int version, String keyStore, String rootKeyAlias, String wrapSuite, byte[] wrapped, byte[] fingerprint) {
        sql.update(
                "insert into vault.key_version (version, state, key_store, root_key_alias, wrap_suite, fingerprint, created_at)"
                        + " values (?, 'PRE_ACTIVE', ?, ?, ?, ?, clock_timestamp())",
                version,
                keyStore,
                rootKeyAlias,
                wrapSuite,
                fingerprint);
        sql.update("insert into vault.key_material (version, wrapped) values (?, ?)", version, wrapped);
    }

    /** Gives a version that an earlier release made its fingerprint. */
    public void setFingerprint(int version, byte[] fingerprint) {
        sql.update(
                "update vault.key_version set fingerprint = ? where version = ? and fingerprint is null",
                fingerprint,
                version);
    }

    /**
     * Makes the version the active one and deactivates those before it. Waits for every transaction that wraps under the
     * version before it ({@link #holdActive}), and lets no other in before it.
     *
     * @param dataSuite the suite of the DEKs that are made under it; null for the configured one
     * @param compromised a version that becomes COMPROMISED, or does so where its destruction is cancelled; null for none
     */
    public void activate(int version, @Nullable String dataSuite, @Nullable Integer compromised, Instant now) {
        FairLock.ACTIVATION.exclude(sql);
        sql.update(
                "update vault.key_version set state = 'DEACTIVATED', deactivated_at = ?"
                        + " where state in ('ACTIVE', 'PRE_ACTIVE') and version < ?",
                now,
                version);
        sql.update(
                "update vault.key_version set compromised_at = coalesce(compromised_at, ?),"
                        + " state = case when state = 'DEACTIVATED' then 'COMPROMISED' else state end"
                        + " where version = ? and state in ('DEACTIVATED', 'DESTROYING', 'DESTROYED')",
                now,
                compromised);
        int activated = sql.update(
                "update vault.key_version set state = 'ACTIVE', activated_at = ?, data_suite = ?"
                        + " where version = ? and state = 'PRE_ACTIVE'",
                now,
                dataSuite,
                version);
        if (activated != 1) {
            throw new TryAgainException("The key version " + version + " is not PRE_ACTIVE");
        }
    }

    /**
     * Keeps the active version active until this transaction ends. Taken last before the commit of whoever wraps a new
     * DEK. The row is looked at again once it is locked: the version may have been replaced while this waited.
     *
     * @param fingerprint of the KEK that wrapped: a copy of the database may have another under the same number
     * @return false if it is not the active one (the caller's key ring is old), or if the database is not the one on which
     *     its wraps were counted
     */
    public boolean holdActive(int version, Bytes fingerprint) {
        return sql.first(
                        "select version from vault.key_version where version = ? and state = 'ACTIVE'"
                                + " and fingerprint = ? and not " + DatabaseIdentity.IS_ANOTHER
                                + " and " + FairLock.SHARED + " for share",
                        row -> row.getInt(1),
                        version,
                        fingerprint,
                        FairLock.ACTIVATION.key())
                .isPresent();
    }

    /** Whether the version is the active one, and its KEK this one, as far as its row tells. */
    public boolean isActive(int version, Bytes fingerprint) {
        return sql.first(
                        "select 1 from vault.key_version where version = ? and state = 'ACTIVE'"
                                + " and coalesce(fingerprint = ?, true)",
                        row -> row.getInt(1),
                        version,
                        fingerprint)
                .isPresent();
    }

    /** All service keys. */
    public List<ServiceKeyRow> serviceKeys() {
        return sql.query(
                "select purpose, number, kek_version, wrapped, number < max(number) over (partition by purpose) as retired"
                        + " from vault.service_key order by purpose, number",
                row -> new ServiceKeyRow(
                        row.getString("purpose"),
                        row.getInt("number"),
                        row.getInt("kek_version"),
                        Bytes.of(row.getBytes("wrapped")),
                        row.getBoolean("retired")));
    }

    /** The number of a purpose's newest service key; 0 if it has none. */
    public int newestServiceKey(String purpose) {
        return sql.first(
                        "select coalesce(max(number), 0) as newest from vault.service_key where purpose = ?",
                        row -> row.getInt("newest"),
                        purpose)
                .orElseThrow();
    }

    /** Whether the database has something that was made with a key of this purpose, and is looked for with it. */
    public boolean hasUsed(String purpose) {
        String table = switch (purpose) {
            case "REFERENCE_INDEX" -> "vault.subject_reference";
            case "TOMBSTONE" -> "vault.erased_subject";
            case "ROW_HASH" -> "vault.audit_state";
            case "SIGNING" -> "vault.signing_key";
            default -> null;
        };
        return table != null
                && sql.first("select 1 from " + table + " limit 1", row -> row.getInt(1))
                        .isPresent();
    }

    /** Stores a new service key; false if another node has stored one under its number. */
    public boolean insertServiceKey(ServiceKeyRow key, Instant now) {
        return sql.update(
                        "insert into vault.service_key (purpose, number, kek_version, wrapped, created_at) values (?, ?, ?, ?, ?)"
                                + " on conflict do nothing",
                        key.purpose(),
                        key.number(),
                        key.kekVersion(),
                        key.wrapped(),
                        now)
                == 1;
    }

    /** Publishes the public part of a signing key; kept when another one follows. */
    public void insertSigningKey(int number, byte[] publicKey, Instant now) {
        sql.update(
                "insert into vault.signing_key (number, public_key, created_at) values (?, ?, ?) on conflict do nothing",
                number,
                publicKey,
                now);
    }

    /** The highest number under which a public key is published; 0 if none is. */
    public int newestSigningKey() {
        return sql.first(
                        "select coalesce(max(number), 0) as newest from vault.signing_key", row -> row.getInt("newest"))
                .orElseThrow();
    }

    /** Replaces a service key's wrapping, only while the old one is still there. */
    public boolean rewrapServiceKey(ServiceKeyRow key, int fromVersion) {
        return sql.update(
                        "update vault.service_key set kek_version = ?, wrapped = ?"
                                + " where purpose = ? and number = ? and kek_version = ?",
                        key.kekVersion(),
                        key.wrapped(),
                        key.purpose(),
                        key.number(),
                        fromVersion)
                == 1;
    }

    private static Row read(ResultSet row) throws SQLException {
        return new Row(
                row.getInt("version"),
                row.getString("state"),
                row.getString("key_store"),
                row.getString("root_key_alias"),
                row.getString("wrap_suite"),
                Sql.instant(row, "created_at"),
                Sql.instantOrNull(row, "activated_at"),
                Sql.instantOrNull(row, "deactivated_at"),
                Sql.instantOrNull(row, "compromised_at"),
                Sql.instantOrNull(row, "destroyed_at"),
                row.getString("data_suite"),
                Sql.bytesOrNull(row, "fingerprint"),
                Sql.bytesOrNull(row, "wrapped"));
    }
}
