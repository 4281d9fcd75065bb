package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.templatevault.persistence.Sql.ArrayOf;

/**
 * The subjects that a rotation has still to move: read in the order of their ids, moved by compare-and-swap. The WHERE
 * clause decides what is left, whatever a checkpoint says; moving twice changes nothing.
 */
@ApplicationScoped
public class OlderSubjects {
    /** A subject that is to be moved, and the length of its envelopes in bytes. */
    public record Candidate(UUID subjectId, long storedBytes) {}

    /**
     * A subject with all versions of its templates, as one statement saw them.
     *
     * @param marked one of its rows was deleted under its DEK, or it was moved with a leaked one: it is to get a new one
     * @param leaked its DEK may have stood under a compromised KEK version: it is to get a new one
     */
    public record Subject(SubjectKeyRow key, List<TemplateRow> templates, boolean marked, boolean leaked) {}

    /** What a subject shall become: the new key row, and its templates sealed anew (none for a rewrap). */
    public record Move(SubjectKeyRow from, SubjectKeyRow to, List<TemplateRow> templates) {
        /** Whether the subject gets a new DEK. */
        boolean reencrypts() {
            return from.dekNumber() != to.dekNumber();
        }
    }

    /** A row that did not open: a template's version, or the DEK where template is the nil UUID. */
    public record Damaged(SubjectKeyRow key, UUID templateId, int version, String reason, String damageClass) {}

    /** Who moves: the rotation, its new version and the token of the lease under which it runs. */
    public record Mover(UUID rotationId, int toVersion, long leaseToken) {}

    /**
     * One statement for a whole page would keep a processor for ten milliseconds and more, and readers whose work was woken
     * on that processor with it.
     */
    private static final int SLICE_ROWS = 100;
    /** No index leads to the same bytes: in a large vault this would read for minutes, in the transaction of a page. */
    private static final Duration LONGEST_LOOK = Duration.ofSeconds(2);

    /** How many subjects one search looks at. */
    private static final int WINDOW = 20_000;

    private final Sparing looksAtKeys = new Sparing();
    private final Sparing looksAtTemplates = new Sparing();

    @Inject
    Sql sql;

    /**
     * The next subjects on versions below the mover's, without those that its rotation put into quarantine, among the next
     * {@link #WINDOW} of all: no index leads to them, and past the many that were moved already a statement without this
     * end would read for as long as the connection lasts.
     */
    public List<Candidate> next(UUID afterId, UUID upToId, UUID rotation, int belowVersion, int limit) {
        return sql.query(
                "select k.subject_id, k.stored_bytes from (select subject_id, stored_bytes, kek_version from"
                        + " vault.subject_key where subject_id > ? and subject_id <= ? order by subject_id limit ?) k where k.kek_version < ?"
                        + " and not exists (select 1 from vault.quarantine q where q.subject_id = k.subject_id"
                        + " and q.rotation_id = ?) order by k.subject_id limit ?",
                row -> new Candidate(Sql.uuid(row, "subject_id"), row.getLong("stored_bytes")),
                afterId,
                upToId,
                WINDOW,
                belowVersion,
                rotation,
                limit);
    }

    /** The last subject that {@link #next} has looked at where it found none; nothing at the end of the range. */
    public Optional<UUID> endOfWindow(UUID afterId, UUID upToId) {
        return sql.first(
                "select subject_id from vault.subject_key where subject_id > ? and subject_id <= ? order by subject_id"
                        + " offset ? limit 1",
                row -> Sql.uuid(row, "subject_id"),
                afterId,
                upToId,
                WINDOW - 1);
    }

    /** The next subjects, whatever version they are on. */
    public List<Candidate> all(UUID afterId, int limit) {
        return sql.query(
                "select subject_id, stored_bytes from vault.subject_key where subject_id > ? order by subject_id limit ?",
                row -> new Candidate(Sql.uuid(row, "subject_id"), row.getLong("stored_bytes")),
                afterId,
                limit);
    }

    /**
     * Loads subjects, with their templates if asked; those of a marked or leaked subject in any case.
     *
     * @param belowVersion those that were moved meanwhile are left out
     */
    public List<Subject> load(List<UUID> subjects, int belowVersion, boolean withTemplates) {
        List<SubjectKeyRow> keys = new ArrayList<>();
        Map<UUID, List<TemplateRow>> templates = new LinkedHashMap<>();
        Set<UUID> marked = new HashSet<>();
        Set<UUID> leaked = new HashSet<>();
        sql.query(
                // "offset 0": each subject's templates by the index; without statistics the planner would read the
                // whole table for each page.
                // A subject on the new version of a rotation away from a compromised one has got a new DEK on its way
                // there.
                "with leaks as materialized (select compromised_version, to_version from vault.rotation"
                        + " where compromised_version is not null)"
                        + " select k.*, m.subject_id is not null as marked, " + Templates.JOINED
                        + " from (select key.*, exists (select 1 from leaks where"
                        + " compromised_version >= key.first_kek_version"
                        + " and to_version > key.kek_version) as leaked from vault.subject_key key"
                        + " where key.subject_id = any(?) and key.kek_version < ?) k"
                        + " left join vault.reencrypt_mark m on m.subject_id = k.subject_id"
                        + " left join lateral (select * from vault.template of_one where of_one.subject_id = k.subject_id"
                        + " and (? or m.subject_id is not null or k.leaked) offset 0) t on true"
                        + " order by k.subject_id",
                row -> {
                    UUID subject = Sql.uuid(row, "subject_id");
                    if (templates.putIfAbsent(subject, new ArrayList<>()) == null) {
                        keys.add(SubjectKeys.read(row));
                    }
                    if (row.getBoolean("marked")) {
                        marked.add(subject);
                    }
                    if (row.getBoolean("leaked")) {
                        leaked.add(subject);
                    }
                    if (row.getObject("t_id") != null) {
                        templates.getOrDefault(subject, new ArrayList<>()).add(Templates.joined(subject, row));
                    }
                    return subject;
                },
                new UuidArray(subjects),
                belowVersion,
                withTemplates);
        return keys.stream()
                .map(key -> new Subject(
                        key,
                        templates.getOrDefault(key.subjectId(), List.of()),
                        marked.contains(key.subjectId()),
                        leaked.contains(key.subjectId())))
                .toList();
    }

    /**
     * Whether the rotation may move subjects, now and until this transaction ends: a change of its state waits for it.
     */
    public boolean holdRunning(UUID rotation) {
        return sql.first(
                        "select id from vault.rotation where id = ? and state = 'REENCRYPTING' and " + FairLock.SHARED
                                + " for share",
                        row -> Sql.uuid(row, "id"),
                        rotation,
                        FairLock.STEERING.key())
                .isPresent();
    }

    /**
     * Moves one subject whose row the caller's transaction holds, counted for the rotation that is under way.
     *
     * @return false if the row is not what was read
     */
    public boolean moveByWriter(Move move, Instant now) {
        SubjectKeyRow to = move.to();
        boolean swapped = swap(List.of(move), to.kekVersion(), null).size() == 1;
        if (swapped) {
            UUID rotation = move.from().kekVersion() < to.kekVersion() ? rotationTo(to.kekVersion()) : null;
            insertCount(move.from().kekVersion(), "MOVED_OUT", rotation, 1, now);
            insertCount(to.kekVersion(), "MOVED_IN", rotation, 1, now);
            leaveQuarantine(List.of(move));
            unmark(List.of(move));
        }
        return swapped;
    }

    private @Nullable UUID rotationTo(int version) {
        return sql.first(
                        // "case": the lock is waited for only where the rotation is the one that moves this subject
                        "select id from vault.rotation where case when ended_at is null and to_version = ? then "
                                + FairLock.SHARED + " end for share",
                        row -> Sql.uuid(row, "id"),
                        version,
                        FairLock.STEERING.key())
                .orElse(null);
    }

    /** Whether another subject's row has the same wrapped key, as far as one can look in a moment. */
    public boolean isWrappedElsewhere(SubjectKeyRow row) {
        return looksAtKeys.spare(() -> sql.existsWithin(
                LONGEST_LOOK,
                "select 1 from vault.subject_key where wrapped = ? and subject_id <> ? limit 1",
                row.wrapped(),
                row.subjectId()));
    }

    /** Whether another row has the same envelope, as far as one can look in a moment. */
    public boolean isSealedElsewhere(TemplateRow row) {
        return looksAtTemplates.spare(() -> sql.existsWithin(
                LONGEST_LOOK,
                "select 1 from vault.template where envelope = ? and (subject_id, id, version) <> (?, ?, ?) limit 1",
                row.envelope(),
                row.subjectId(),
                row.id(),
                row.version()));
    }

    /**
     * Moves each subject whose row is still what it was when it was read, and counts it. The others are untouched.
     *
     * @return the subjects that were moved
     */
    public List<UUID> move(List<Move> moves, Mover mover, Instant now) {
        if (moves.isEmpty()) {
            return List.of();
        }
        List<Move> done = new ArrayList<>();
        for (List<Move> slice : slices(moves)) {
            done.addAll(swap(slice, mover.toVersion(), mover.leaseToken()));
        }
        count(done, mover, now);
        leaveQuarantine(done);
        unmark(done);
        return subjects(done.stream());
    }

    private static List<List<Move>> slices(List<Move> moves) {
        List<List<Move>> slices = new ArrayList<>();
        List<Move> slice = new ArrayList<>();
        int rows = 0;
        for (Move move : moves) {
            slice.add(move);
            rows += 1 + move.templates().size();
            if (rows >= SLICE_ROWS) {
                slices.add(slice);
                slice = new ArrayList<>();
                rows = 0;
            }
        }
        if (!slice.isEmpty()) {
            slices.add(slice);
        }
        return slices;
    }

    /**
     * Gives those subjects their new keys and envelopes whose rows are still what was read.
     *
     * @param leaseToken of the lease without which nothing is done; null for a writer, who needs none
     * @return the moves that were made
     * @throws TryAgainException if the version is destroyed
     */
    private List<Move> swap(List<Move> moves, int toVersion, @Nullable Long leaseToken) {
        Set<UUID> swapped;
        try {
            swapped = swapKeys(moves, toVersion, leaseToken);
        } catch (RuntimeException failure) {
            throw Failures.duringWrap(failure);
        }
        List<Move> made = moves.stream()
                .filter(move -> swapped.contains(move.from().subjectId()))
                .toList();
        replaceEnvelopes(made);
        return made;
    }

    private Set<UUID> swapKeys(List<Move> moves, int toVersion, @Nullable Long leaseToken) {
        List<SubjectKeyRow> from = moves.stream().map(Move::from).toList();
        List<SubjectKeyRow> to = moves.stream().map(Move::to).toList();
        return Set.copyOf(sql.query(
                "update vault.subject_key k set dek_number = m.dek_number, kek_version = ?, wrap_suite = m.wrap_suite,"
                        + " data_suite = m.data_suite, wrapped = m.wrapped, reference = m.reference"
                        + " from unnest(?, ?, ?, ?, ?, ?, ?, ?, ?) as m(subject_id, old_dek, old_kek, revision, dek_number,"
                        + " wrap_suite, data_suite, wrapped, reference)"
                        + " where k.subject_id = m.subject_id and k.dek_number = m.old_dek and k.kek_version = m.old_kek"
                        + " and k.revision = m.revision and (?::bigint is null"
                        + " or exists (select 1 from vault.lease where name = 'rotation' and token = ?))"
                        + " returning k.subject_id",
                row -> Sql.uuid(row, "subject_id"),
                toVersion,
                UuidArray.column(from, SubjectKeyRow::subjectId),
                ArrayOf.column("int4", from, SubjectKeyRow::dekNumber),
                ArrayOf.column("int4", from, SubjectKeyRow::kekVersion),
                ArrayOf.column("int8", from, SubjectKeyRow::revision),
                ArrayOf.column("int4", to, SubjectKeyRow::dekNumber),
                ArrayOf.column("text", to, SubjectKeyRow::wrapSuite),
                ArrayOf.column("text", to, SubjectKeyRow::dataSuite),
                ArrayOf.column("bytea", to, SubjectKeyRow::wrapped),
                ArrayOf.column("bytea", to, SubjectKeyRow::reference),
                leaseToken,
                leaseToken));
    }

    /** Only templates of subjects whose key was swapped in this transaction, so all of them are under the new DEK. */
    private void replaceEnvelopes(List<Move> done) {
        List<TemplateRow> rows =
                done.stream().flatMap(move -> move.templates().stream()).toList();
        if (rows.isEmpty()) {
            return;
        }
        int replaced = sql.update(
                "update vault.template t set dek_number = m.dek_number, envelope = m.envelope"
                        + " from unnest(?, ?, ?, ?, ?) as m(subject_id, id, version, dek_number, envelope)"
                        + " where t.subject_id = m.subject_id and t.id = m.id and t.version = m.version",
                UuidArray.column(rows, TemplateRow::subjectId),
                UuidArray.column(rows, TemplateRow::id),
                ArrayOf.column("int4", rows, TemplateRow::version),
                ArrayOf.column("int4", rows, TemplateRow::dekNumber),
                ArrayOf.column("bytea", rows, TemplateRow::envelope));
        if (replaced != rows.size()) {
            throw new TryAgainException("A template changed without its subject's revision");
        }
    }

    /** A subject that was sealed anew has no damaged row left; a rewrap has opened its key only. */
    private void leaveQuarantine(List<Move> done) {
        if (!done.isEmpty()) {
            sql.update(
                    "delete from vault.quarantine where subject_id = any(?)"
                            + " and (subject_id = any(?) or template_id = ?)",
                    new UuidArray(subjects(done.stream())),
                    new UuidArray(subjects(done.stream().filter(Move::reencrypts))),
                    new UUID(0, 0));
        }
    }

    /** Nothing was deleted under the DEK that these subjects have now: the compare-and-swap compared their revisions. */
    private void unmark(List<Move> done) {
        if (!done.isEmpty()) {
            sql.update(
                    "delete from vault.reencrypt_mark where subject_id = any(?)",
                    new UuidArray(subjects(done.stream().filter(Move::reencrypts))));
        }
    }

    /** Subjects that have kept the DEK which they should have left are to get a new one as soon as they can. */
    public void mark(List<UUID> subjects, Instant now) {
        if (!subjects.isEmpty()) {
            sql.update(
                    "insert into vault.reencrypt_mark (subject_id, marked_at) select id, ? from unnest(?) as u(id)"
                            + " on conflict do nothing",
                    now,
                    new UuidArray(subjects));
        }
    }

    private static List<UUID> subjects(Stream<Move> moves) {
        return moves.map(move -> move.from().subjectId()).toList();
    }

    private void count(List<Move> done, Mover mover, Instant now) {
        Map<Integer, Long> byVersion = done.stream()
                .collect(Collectors.groupingBy(move -> move.from().kekVersion(), TreeMap::new, Collectors.counting()));
        byVersion.forEach((version, subjects) -> {
            insertCount(version, "MOVED_OUT", mover.rotationId(), subjects, now);
            insertCount(mover.toVersion(), "MOVED_IN", mover.rotationId(), subjects, now);
        });
    }

    private void insertCount(int version, String kind, @Nullable UUID rotation, long subjects, Instant now) {
        sql.update(
                "insert into vault.subject_count (id, kek_version, kind, rotation_id, subjects, at)"
                        + " values (?, ?, ?, ?, ?, ?)",
                UUID.randomUUID(),
                version,
                kind,
                rotation,
                subjects,
                now);
    }

    /**
     * How many subjects are on versions below this one, counted row by row: those that can be moved, and those that this
     * rotation put into quarantine.
     */
    public long[] count(UUID rotation, int belowVersion) {
        return sql.first(
                        "select count(*) filter (where q.subject_id is null) as remaining,"
                                + " count(*) filter (where q.subject_id is not null) as quarantined"
                                + " from vault.subject_key k left join"
                                + " (select distinct subject_id from vault.quarantine where rotation_id = ?) q using (subject_id)"
                                + " where k.kek_version < ?",
                        row -> new long[] {row.getLong("remaining"), row.getLong("quarantined")},
                        rotation,
                        belowVersion)
                .orElseThrow();
    }
}
