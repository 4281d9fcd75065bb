package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.Period;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The retention policies, all versions of each. A version that stands here is never changed. */
@ApplicationScoped
public class Policies {
    /** The policy of whoever was given no other. */
    public static final String DEFAULT = "default";

    /**
     * What a policy says.
     *
     * @param maxAge since the subject was made; null for any
     * @param maxIdle since the person's last interaction; null for any
     * @param versionsKept of each template; null for as many as the setting says
     */
    public record Terms(
            String purpose,
            String legalBasis,
            @Nullable Period maxAge,
            @Nullable Period maxIdle,
            @Nullable Integer versionsKept) {}

    /**
     * One version.
     *
     * @param inForce whether it is the one that counts now
     * @param approvalId what two people decided; null where one was enough
     */
    public record Version(
            String name,
            int version,
            Terms terms,
            String publishedBy,
            Instant publishedAt,
            Instant inForceAt,
            boolean inForce,
            @Nullable UUID approvalId) {}

    /** What two people are deciding: the next version of a policy. */
    public record Proposal(UUID approvalId, String name, int version, Terms terms) {}

    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,39}");

    private static final String VERSIONS = "select v.*, f.version is not null as in_force from vault.policy_version v"
            + " left join vault.policy_in_force f on f.name = v.name and f.version = v.version";

    @Inject
    Sql sql;

    /** All versions of a policy, the oldest first. */
    public List<Version> versions(String name) {
        return isName(name)
                ? sql.query(VERSIONS + " where v.name = ? order by v.version", Policies::version, name)
                : List.of();
    }

    /** Of each policy the newest version, and the one in force where that is another. */
    public List<Version> present() {
        return sql.query(
                VERSIONS + " where f.version is not null or v.version ="
                        + " (select max(n.version) from vault.policy_version n where n.name = v.name)"
                        + " order by v.name, v.version",
                Policies::version);
    }

    /** Whether a policy can have this name. */
    public static boolean isName(String text) {
        return NAME.matcher(text).matches();
    }

    /** Which of these are names of policies. */
    public Set<String> known(Set<String> names) {
        return Set.copyOf(sql.query(
                "select distinct name from vault.policy_version where name = any(?)",
                row -> row.getString("name"),
                new Sql.ArrayOf("text", names.stream().filter(Policies::isName).toList())));
    }

    /**
     * Publishes a version; times are the database's, and never before those of the version before.
     *
     * @param noticeDays from its publication to its being in force
     * @return false if this version was published meanwhile
     */
    public boolean publish(
            String name, int version, Terms terms, String caller, int noticeDays, @Nullable UUID approval) {
        return sql.update(
                        "with clock as (select greatest(now(), max(published_at)) as at from vault.policy_version"
                                + " where name = ?)"
                                + " insert into vault.policy_version (name, version, purpose, legal_basis, max_age,"
                                + " max_idle, versions_kept, published_by, published_at, in_force_at, approval_id)"
                                + " select ?, ?, ?, ?, ?, ?, ?::integer, ?, at, at + ? * interval '1 day', ?::uuid"
                                + " from clock on conflict do nothing",
                        name,
                        name,
                        version,
                        terms.purpose,
                        terms.legalBasis,
                        text(terms.maxAge),
                        text(terms.maxIdle),
                        terms.versionsKept,
                        caller,
                        noticeDays,
                        approval)
                == 1;
    }

    /** Keeps what the approval is about. */
    public void propose(Proposal proposal) {
        sql.update(
                "insert into vault.policy_proposal (approval_id, name, version, purpose, legal_basis, max_age, max_idle,"
                        + " versions_kept) values (?, ?, ?, ?, ?, ?, ?, ?)",
                proposal.approvalId,
                proposal.name,
                proposal.version,
                proposal.terms.purpose,
                proposal.terms.legalBasis,
                text(proposal.terms.maxAge),
                text(proposal.terms.maxIdle),
                proposal.terms.versionsKept);
    }

    /** What this approval is about. */
    public Optional<Proposal> proposal(UUID approval) {
        return sql.first(
                "select * from vault.policy_proposal where approval_id = ?",
                row -> new Proposal(approval, row.getString("name"), row.getInt("version"), terms(row)),
                approval);
    }

    private static @Nullable String text(@Nullable Period period) {
        return period == null ? null : period.toString();
    }

    private static Version version(ResultSet row) throws SQLException {
        return new Version(
                row.getString("name"),
                row.getInt("version"),
                terms(row),
                row.getString("published_by"),
                Sql.instant(row, "published_at"),
                Sql.instant(row, "in_force_at"),
                row.getBoolean("in_force"),
                row.getObject("approval_id", UUID.class));
    }

    private static Terms terms(ResultSet row) throws SQLException {
        return new Terms(
                row.getString("purpose"),
                row.getString("legal_basis"),
                period(row.getString("max_age")),
                period(row.getString("max_idle")),
                row.getObject("versions_kept", Integer.class));
    }

    private static @Nullable Period period(@Nullable String text) {
        return text == null ? null : Period.parse(text);
    }
}
