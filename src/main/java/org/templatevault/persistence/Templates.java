package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Event;
import jakarta.inject.Inject;
import jakarta.persistence.EntityManager;
import jakarta.persistence.PersistenceContext;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.templatevault.persistence.Sql.ArrayOf;

/** The rows of {@code template}. Whoever writes here holds the subject's row in {@link SubjectKeys}. */
@ApplicationScoped
public class Templates {
    /**
     * A template's row and the key row of its subject, as one statement saw them.
     *
     * @param lastInteractionOn when the person was last there; null where it was not asked for
     */
    public record Sealed(
            SubjectKeyRow key,
            TemplateRow template,
            @Nullable LocalDate lastInteractionOn) {}

    /** The open columns of one version of a template, with the KEK version that wraps its DEK. */
    public record Metadata(
            UUID subjectId,
            UUID id,
            int version,
            int kekVersion,
            String dataSuite,
            String modality,
            @Nullable String position,
            String format,
            @Nullable Integer quality,
            @Nullable String extractorName,
            @Nullable String extractorVersion,
            Instant createdAt,
            String createdBy) {}

    /** How many rows a deletion took, and the length of their envelopes in bytes. */
    public record Deleted(int rows, long bytes) {}

    /** One version of one template. */
    public record Address(UUID subjectId, UUID id, int version) {}

    /** The length of an envelope, in bytes. */
    public record Length(Address address, int bytes) {}

    /** A row as it stands: the DEK that it names and that of its subject, null where the subject has no key. */
    public record Standing(
            TemplateIdentityRow row,
            int dekNumber,
            @Nullable Integer subjectDekNumber) {}

    private static final String IDENTITY =
            "subject_id, id, version, modality, position, format, quality, extractor_name,"
                    + " extractor_version, created_at, created_by";

    /** The columns of {@link #joined}, beside those of the subject's key. */
    static final String JOINED = "t.id as t_id, t.version as t_version, t.dek_number as t_dek, t.modality, t.position,"
            + " t.format, t.quality, t.extractor_name, t.extractor_version, t.created_at as t_created, t.created_by,"
            + " t.envelope";

    private static final String SEALED = SubjectKeys.COLUMNS + ", " + JOINED;

    private static final String METADATA = "t.subject_id, t.id, t.version, k.kek_version, k.data_suite, t.modality,"
            + " t.position, t.format, t.quality, t.extractor_name, t.extractor_version, t.created_at, t.created_by"
            + " from vault.template t join vault.subject_key k on k.subject_id = t.subject_id";

    @Inject
    Sql sql;

    @PersistenceContext(unitName = "vault")
    EntityManager em;

    @Inject
    Event<TemplatesChanged> changed;

    /**
     * One version of a template, or its newest, with the subject's key: one query, no lock.
     *
     * @param version null for the newest
     */
    public Optional<Sealed> find(UUID subject, UUID template, @Nullable Integer version) {
        return sql.first(
                "select " + SEALED + ", r.last_interaction_on from vault.subject_key k"
                        + " join vault.template t on t.subject_id = k.subject_id"
                        + " left join vault.subject_retention r on r.subject_id = k.subject_id"
                        + " where t.subject_id = ? and t.id = ?"
                        + (version == null ? " order by t.version desc limit 1" : " and t.version = ?"),
                row -> sealed(row, row.getObject("last_interaction_on", LocalDate.class)),
                version == null ? new Object[] {subject, template} : new Object[] {subject, template, version});
    }

    /** Stores a new version. */
    public void insert(TemplateRow row) {
        insertAll(List.of(row));
    }

    /** Stores new rows. */
    public void insertAll(Collection<TemplateRow> rows) {
        rows.forEach(row -> em.persist(new TemplateEntity(row)));
        em.flush();
        em.clear();
        if (!rows.isEmpty()) {
            changed.fire(new TemplatesChanged(
                    rows.stream().map(TemplateIdentityRow::of).toList(), List.of()));
        }
    }

    /** The newest version of each template of a subject, in the order of their ids. */
    public List<Metadata> newest(UUID subject, @Nullable String modality) {
        return sql.query(
                "select distinct on (t.id) " + METADATA
                        + " where t.subject_id = ? and (?::text is null or t.modality = ?)"
                        + " order by t.id, t.version desc",
                Templates::metadata,
                subject,
                modality,
                modality);
    }

    /** A template whose newest version was made by one of some extractors. */
    public record Outdated(
            UUID subjectId,
            UUID id,
            int version,
            String modality,
            String extractorName,
            String extractorVersion,
            Instant createdAt) {}

    /** The next templates, in the order of their keys, whose newest version these extractors made. */
    public List<Outdated> madeBy(
            List<String> extractors, List<String> versions, UUID afterSubject, UUID afterTemplate, int limit) {
        return sql.query(
                "select t.subject_id, t.id, t.version, t.modality, t.extractor_name, t.extractor_version, t.created_at"
                        + " from vault.template t where (t.subject_id, t.id) > (?, ?)"
                        + " and (t.extractor_name, t.extractor_version) in (select * from unnest(?, ?))"
                        + " and not exists (select 1 from vault.template n where n.subject_id = t.subject_id"
                        + " and n.id = t.id and n.version > t.version) order by t.subject_id, t.id limit ?",
                row -> new Outdated(
                        Sql.uuid(row, "subject_id"),
                        Sql.uuid(row, "id"),
                        row.getInt("version"),
                        row.getString("modality"),
                        row.getString("extractor_name"),
                        row.getString("extractor_version"),
                        Sql.instant(row, "created_at")),
                afterSubject,
                afterTemplate,
                new ArrayOf("text", extractors),
                new ArrayOf("text", versions),
                limit);
    }

    /** All versions of a template, newest first. */
    public List<Metadata> versions(UUID subject, UUID template) {
        return sql.query(
                "select " + METADATA + " where t.subject_id = ? and t.id = ? order by t.version desc",
                Templates::metadata,
                subject,
                template);
    }

    /** The open columns of the newest version. */
    public Optional<Metadata> metadata(UUID subject, UUID template) {
        return sql.first(
                "select " + METADATA + " where t.subject_id = ? and t.id = ? order by t.version desc limit 1",
                Templates::metadata,
                subject,
                template);
    }

    /** Removes a template with all its versions, and marks its subject. */
    public Deleted delete(UUID subject, UUID template) {
        return marked(
                subject, deleted("delete from vault.template where subject_id = ? and id = ?", subject, template));
    }

    /**
     * Removes the oldest versions of a template: those past the number given or past that of the subject's policy, whichever
     * is less. None while the subject is under a hold.
     */
    public Deleted trim(UUID subject, UUID template, int newest, int kept) {
        return marked(
                subject,
                deleted(
                        "delete from vault.template where subject_id = ? and id = ? and version <= ? - least(?,"
                                + " (select p.versions_kept from vault.subject_retention r join "
                                + Retention.WITH_POLICY
                                + " where r.subject_id = ?)) and not exists (select 1 from vault.subject_hold h"
                                + " where h.subject_id = ? and h.lifted_at is null)",
                        subject,
                        template,
                        newest,
                        kept,
                        subject,
                        subject));
    }

    /** Removes all templates of a subject. */
    public Deleted deleteAll(UUID subject) {
        return deleted("delete from vault.template where subject_id = ?", subject);
    }

    private Deleted deleted(String statement, Object... arguments) {
        List<Long> lengths = new ArrayList<>();
        List<TemplateIdentityRow> gone = sql.query(
                statement + " returning " + IDENTITY + ", octet_length(envelope) as length",
                row -> {
                    lengths.add(row.getLong("length"));
                    return identity(row);
                },
                arguments);
        if (!gone.isEmpty()) {
            changed.fire(new TemplatesChanged(List.of(), gone));
        }
        return new Deleted(
                gone.size(), lengths.stream().mapToLong(Long::longValue).sum());
    }

    /**
     * Reads what every row says of itself, with the number of its subject's DEK beside that of its own, as one statement
     * sees them; keeps nothing in memory.
     */
    public void forEach(Consumer<Standing> consumer) {
        sql.forEach(
                "select " + IDENTITY + ", dek_number, key_dek from vault.template left join"
                        + " (select subject_id, dek_number as key_dek from vault.subject_key) k using (subject_id)",
                row -> consumer.accept(new Standing(
                        identity(row), row.getInt("dek_number"), row.getObject("key_dek", Integer.class))));
    }

    private static TemplateIdentityRow identity(ResultSet row) throws SQLException {
        return new TemplateIdentityRow(
                Sql.uuid(row, "subject_id"),
                Sql.uuid(row, "id"),
                row.getInt("version"),
                row.getString("modality"),
                row.getString("position"),
                row.getString("format"),
                row.getObject("quality", Integer.class),
                row.getString("extractor_name"),
                row.getString("extractor_version"),
                Sql.instant(row, "created_at"),
                row.getString("created_by"));
    }

    /** A subject that lost a row, and whose own row the caller holds, gets a new DEK by the next move. */
    private Deleted marked(UUID subject, Deleted deleted) {
        if (deleted.rows() > 0) {
            sql.update(
                    "insert into vault.reencrypt_mark (subject_id, marked_at) values (?, now()) on conflict do nothing",
                    subject);
        }
        return deleted;
    }

    /**
     * Many versions of templates with their subjects' keys, as one statement sees them. The caller bounds the bytes that
     * it asks for by {@link #lengths}.
     */
    public List<Sealed> findAll(List<Address> addresses) {
        if (addresses.isEmpty()) {
            return List.of();
        }
        return sql.query(
                "select " + SEALED + " from (select distinct * from unnest(?, ?, ?) as u(subject_id, id, version)) a"
                        + " join vault.subject_key k on k.subject_id = a.subject_id"
                        + " join vault.template t on t.subject_id = a.subject_id and t.id = a.id"
                        + " and t.version = a.version",
                row -> sealed(row, null),
                UuidArray.column(addresses, Address::subjectId),
                UuidArray.column(addresses, Address::id),
                ArrayOf.column("int4", addresses, Address::version));
    }

    /**
     * All versions of many templates and the lengths of their envelopes.
     *
     * @param subjects the subject of each template
     * @param templates the templates, as many as subjects
     */
    public List<Length> lengths(List<UUID> subjects, List<UUID> templates) {
        return sql.query(
                "select t.subject_id, t.id, t.version, octet_length(t.envelope) as length"
                        + " from (select distinct * from unnest(?, ?) as u(subject_id, id)) a"
                        + " join vault.template t on t.subject_id = a.subject_id and t.id = a.id",
                row -> new Length(
                        new Address(Sql.uuid(row, "subject_id"), Sql.uuid(row, "id"), row.getInt("version")),
                        row.getInt("length")),
                new UuidArray(subjects),
                new UuidArray(templates));
    }

    private static Sealed sealed(ResultSet row, @Nullable LocalDate lastInteractionOn) throws SQLException {
        SubjectKeyRow key = SubjectKeys.read(row);
        return new Sealed(key, joined(key.subjectId(), row), lastInteractionOn);
    }

    /** The template of a row that has its subject's key as well. */
    static TemplateRow joined(UUID subject, ResultSet row) throws SQLException {
        return new TemplateRow(
                subject,
                Sql.uuid(row, "t_id"),
                row.getInt("t_version"),
                row.getInt("t_dek"),
                row.getString("modality"),
                row.getString("position"),
                row.getString("format"),
                row.getObject("quality", Integer.class),
                row.getString("extractor_name"),
                row.getString("extractor_version"),
                Sql.instant(row, "t_created"),
                row.getString("created_by"),
                row.getBytes("envelope"));
    }

    private static Metadata metadata(ResultSet row) throws SQLException {
        return new Metadata(
                Sql.uuid(row, "subject_id"),
                Sql.uuid(row, "id"),
                row.getInt("version"),
                row.getInt("kek_version"),
                row.getString("data_suite"),
                row.getString("modality"),
                row.getString("position"),
                row.getString("format"),
                row.getObject("quality", Integer.class),
                row.getString("extractor_name"),
                row.getString("extractor_version"),
                Sql.instant(row, "created_at"),
                row.getString("created_by"));
    }
}
