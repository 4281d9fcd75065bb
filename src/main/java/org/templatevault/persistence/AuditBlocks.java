package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.templatevault.persistence.Sql.ArrayOf;

/** The chain of blocks over the audit trail's entries, and which entry stands where in which block. */
@ApplicationScoped
public class AuditBlocks {
    /** A block: its number, the line that is signed, and the signature. */
    public record Row(long number, String line, Bytes signature) {}

    /** That an entry stands at a position of a block, and the hash of its line. */
    public record Member(Instant at, UUID entry, long block, int position, Bytes leaf) {}

    /** A membership and its entry; null where there is no such entry. */
    public record Placed(Member member, AuditEntries.@Nullable Row entry) {}

    /** After which block which sums hold. */
    public record State(long block, Bytes sums) {}

    @Inject
    Sql sql;

    /** The newest block. */
    public Optional<Row> newest() {
        return sql.first("select * from vault.audit_block order by number desc limit 1", AuditBlocks::read);
    }

    /** The blocks after a number, in their order. */
    public List<Row> after(long number, int limit) {
        return sql.query(
                "select * from vault.audit_block where number > ? order by number limit ?",
                AuditBlocks::read,
                number,
                limit);
    }

    /** The newest blocks, the newest first. */
    public List<Row> newest(int limit) {
        return sql.query("select * from vault.audit_block order by number desc limit ?", AuditBlocks::read, limit);
    }

    /** Those of some blocks that are there, in no order. */
    public List<Row> find(List<Long> numbers) {
        return sql.query(
                "select * from vault.audit_block where number = any(?)",
                AuditBlocks::read,
                new ArrayOf("int8", numbers));
    }

    private static Row read(ResultSet row) throws SQLException {
        return new Row(row.getLong("number"), row.getString("line"), Bytes.of(row.getBytes("signature")));
    }

    /**
     * Writes a block if this node still holds the lease.
     *
     * @return false if another node has taken it
     */
    public boolean insert(Row row, long leaseToken) {
        return sql.update(
                        "insert into vault.audit_block (number, line, signature) select ?, ?, ?"
                                + " where exists (select 1 from vault.lease where name = 'audit' and token = ?)",
                        row.number,
                        row.line,
                        row.signature,
                        leaseToken)
                == 1;
    }

    /**
     * Forbids plans that read a table whole until this transaction ends. A plan that was made and kept while the tables
     * were empty, as a month's are at its beginning, would read them whole for each entry when they no longer are.
     */
    public void useIndexes() {
        sql.update("set local enable_seqscan = off");
    }

    /** Puts entries into their block: they wait no longer. */
    public void insertMembers(List<Member> members) {
        var at = Sql.instants(members.stream().map(Member::at).toList());
        var entries = UuidArray.column(members, Member::entry);
        sql.update(
                // "offset 0": each by the index, whatever the statistics say. After a vacuum in a quiet moment they
                // say one row in many pages: each that waits would be compared with each of the block.
                "with gone as (delete from vault.audit_pending where ctid = any(array(select found.ctid"
                        + " from unnest(?, ?) as m(at, id) cross join lateral (select of_one.ctid"
                        + " from vault.audit_pending of_one where of_one.at = m.at and of_one.id = m.id offset 0) found))"
                        + " returning 1)"
                        + " insert into vault.audit_block_entry (at, entry, block, position, leaf)"
                        + " select * from unnest(?, ?, ?, ?, ?)",
                at,
                entries,
                at,
                entries,
                ArrayOf.column("int8", members, Member::block),
                ArrayOf.column("int4", members, Member::position),
                ArrayOf.column("bytea", members, member -> member.leaf.toArray()));
    }

    /** Reads the memberships of some blocks, in their order, with their entries. */
    public void forEachPlaced(long fromBlock, long toBlock, Consumer<Placed> consumer) {
        sql.forEach(
                "select b.at as member_at, b.entry, b.block, b.position, b.leaf, e.* from vault.audit_block_entry b"
                        + " left join vault.audit_entry e on e.at = b.at and e.id = b.entry"
                        + " where b.block between ? and ? order by b.block, b.position, b.at, b.entry",
                row -> consumer.accept(new Placed(
                        new Member(
                                Sql.instant(row, "member_at"),
                                Sql.uuid(row, "entry"),
                                row.getLong("block"),
                                row.getInt("position"),
                                Bytes.of(row.getBytes("leaf"))),
                        row.getObject("id") == null ? null : AuditEntries.read(row))),
                fromBlock,
                toBlock);
    }

    /** The blocks before the first or after the newest that memberships name, the first of them. */
    public List<Long> outside(long newest, int limit) {
        return sql.query(
                "select distinct block from vault.audit_block_entry where block < 1 or block > ? order by block limit ?",
                row -> row.getLong("block"),
                newest,
                limit);
    }

    /** The months whose entries were dropped, the oldest first. */
    public List<String> pruned() {
        return sql.query("select month from vault.audit_pruned order by month", row -> row.getString("month"));
    }

    /** Those of the months whose entries were dropped for which no decision of two people was carried out. */
    public List<String> prunedWithoutApproval(String kind) {
        return sql.query(
                "select month from vault.audit_pruned p where not exists (select 1 from vault.approval a"
                        + " where a.id = p.approval_id and a.kind = ? and a.subject = p.month"
                        + " and a.state = 'CARRIED_OUT' and a.decided_by <> a.requested_by) order by month",
                row -> row.getString("month"),
                kind);
    }

    /** The newest block of a month, found by its text: a line that is no JSON must not end the search. */
    public Optional<Row> newestOf(String month) {
        return sql.first(
                "select * from vault.audit_block where strpos(line, ?) > 0 order by number desc limit 1",
                AuditBlocks::read,
                "\"month\":\"" + month + "\"");
    }

    /** The sums after the newest block; nothing before the trail began. */
    public Optional<State> state() {
        return sql.first(
                "select block, sums from vault.audit_state",
                row -> new State(row.getLong("block"), Bytes.of(row.getBytes("sums"))));
    }

    /** The state before the first block. */
    public void begin(State state) {
        sql.update("insert into vault.audit_state (block, sums) values (?, ?)", state.block, state.sums);
    }

    /** The state after a block; false if it is not the one that was read. */
    public boolean advance(long fromBlock, State state) {
        return sql.update(
                        "update vault.audit_state set block = ?, sums = ? where block = ?",
                        state.block,
                        state.sums,
                        fromBlock)
                == 1;
    }

    /** Makes the partitions of the coming months. */
    public void makeMonths() {
        sql.first("select vault.make_audit_months()", row -> row.getInt(1));
    }
}
