package org.templatevault.bench;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import javax.sql.DataSource;
import org.postgresql.PGConnection;

/** What the same database does with the same rows and no vault: over JDBC, 16 connections, fsync on. */
final class Floor {
    private static final int ENVELOPE_BYTES = 1310;
    static final String TABLE = "bench.template";

    private final DataSource database;

    Floor(DataSource database) {
        this.database = database;
    }

    /** A table of the same shape with its index, empty. */
    void prepare() throws SQLException {
        execute("drop schema if exists bench cascade");
        execute("create schema bench");
        execute("create table bench.template (like vault.template including all) with (fillfactor = 50)");
        execute("create table bench.subject_key (like vault.subject_key including all) with (fillfactor = 50)");
    }

    void execute(String sql) throws SQLException {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** Waits until what was written before is on the disk and in the trail's blocks: it is not what is measured next. */
    void settle() throws Exception {
        execute("checkpoint");
        try (Connection connection = database.getConnection();
                PreparedStatement waiting = connection.prepareStatement("select 1 from vault.audit_pending limit 1")) {
            while (isAny(waiting)) {
                Thread.sleep(500);
            }
        }
    }

    private static boolean isAny(PreparedStatement select) throws SQLException {
        try (ResultSet rows = select.executeQuery()) {
            return rows.next();
        }
    }

    /** Durable single-row inserts a second. */
    double inserts(int seconds) throws Exception {
        return Load.perSecond(seconds, () -> new Load.Worker() {
            private final Connection connection = database.getConnection();
            private final PreparedStatement insert = connection.prepareStatement("insert into " + TABLE
                    + " (subject_id, id, version, dek_number, modality, format, created_at, created_by, envelope)"
                    + " values (?, ?, 1, 1, 'FINGERPRINT', 'OPAQUE', now(), 'bench', ?)");

            @Override
            public int work() throws SQLException {
                insert.setObject(1, UUID.randomUUID());
                insert.setObject(2, UUID.randomUUID());
                insert.setBytes(3, envelope());
                return insert.executeUpdate();
            }

            @Override
            public void close() throws SQLException {
                connection.close();
            }
        });
    }

    /** Reads by primary key a second. */
    double reads(int seconds) throws Exception {
        List<UUID[]> keys = keys();
        return Load.perSecond(seconds, () -> new Load.Worker() {
            private final Connection connection = database.getConnection();
            private final PreparedStatement select = connection.prepareStatement(
                    "select * from vault.template where subject_id = ? and id = ?" + " order by version desc limit 1");

            @Override
            public int work() throws SQLException {
                UUID[] key = keys.get(ThreadLocalRandom.current().nextInt(keys.size()));
                select.setObject(1, key[0]);
                select.setObject(2, key[1]);
                try (ResultSet rows = select.executeQuery()) {
                    rows.next();
                    return rows.getBytes("envelope").length > 0 ? 1 : 0;
                }
            }

            @Override
            public void close() throws SQLException {
                connection.close();
            }
        });
    }

    /** Subject and id of up to 20,000 templates. */
    List<UUID[]> keys() throws SQLException {
        List<UUID[]> keys = new ArrayList<>();
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select subject_id, id from vault.template limit 20000")) {
            while (rows.next()) {
                keys.add(new UUID[] {rows.getObject(1, UUID.class), rows.getObject(2, UUID.class)});
            }
        }
        return keys;
    }

    /** Rows a second that COPY takes into the same shape with its index, on one connection. */
    double copy(int rows) throws SQLException, IOException {
        byte[] data = binaryCopy(rows);
        try (Connection connection = database.getConnection()) {
            long began = System.nanoTime();
            connection
                    .unwrap(PGConnection.class)
                    .getCopyAPI()
                    .copyIn(
                            "copy " + TABLE + " (subject_id, id, version, dek_number, modality, format, created_at,"
                                    + " created_by, envelope) from stdin (format binary)",
                            new ByteArrayInputStream(data));
            return rows / seconds(began);
        }
    }

    private static byte[] binaryCopy(int rows) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.write("PGCOPY\n\377\r\n\0".getBytes(StandardCharsets.ISO_8859_1));
        out.writeInt(0);
        out.writeInt(0);
        for (int i = 0; i < rows; i++) {
            out.writeShort(9);
            uuid(out);
            uuid(out);
            number(out, 1);
            number(out, 1);
            field(out, "FINGERPRINT".getBytes(StandardCharsets.US_ASCII));
            field(out, "OPAQUE".getBytes(StandardCharsets.US_ASCII));
            out.writeInt(8);
            out.writeLong(0);
            field(out, "bench".getBytes(StandardCharsets.US_ASCII));
            field(out, envelope());
        }
        out.writeShort(-1);
        return bytes.toByteArray();
    }

    private static void uuid(DataOutputStream out) throws IOException {
        UUID id = UUID.randomUUID();
        out.writeInt(16);
        out.writeLong(id.getMostSignificantBits());
        out.writeLong(id.getLeastSignificantBits());
    }

    private static void number(DataOutputStream out, int value) throws IOException {
        out.writeInt(4);
        out.writeInt(value);
    }

    private static void field(DataOutputStream out, byte[] value) throws IOException {
        out.writeInt(value.length);
        out.write(value);
    }

    private static byte[] envelope() {
        byte[] bytes = new byte[ENVELOPE_BYTES];
        ThreadLocalRandom.current().nextBytes(bytes);
        return bytes;
    }

    /**
     * Templates a second that SQL rewrites: the columns of both tables that a rotation writes, in copies of them.
     *
     * @param checked with the foreign key of the KEK version, as the vault's table has it, or as if it had none
     */
    double rewrites(boolean checked) throws SQLException {
        execute("truncate bench.template, bench.subject_key");
        execute("alter table bench.subject_key drop constraint if exists wrapped_by");
        execute("insert into bench.template select * from vault.template");
        execute("insert into bench.subject_key select * from vault.subject_key");
        if (checked) {
            execute("alter table bench.subject_key add constraint wrapped_by"
                    + " foreign key (kek_version) references vault.key_material (version)");
        }
        execute("vacuum analyze bench.template");
        execute("vacuum analyze bench.subject_key");
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            long began = System.nanoTime();
            statement.executeUpdate("update bench.subject_key set dek_number = dek_number + 1,"
                    + " kek_version = (select min(version) from vault.key_material),"
                    + " wrap_suite = wrap_suite, data_suite = data_suite,"
                    + " wrapped = wrapped || '', reference = reference || ''");
            int templates = statement.executeUpdate(
                    "update bench.template set dek_number = dek_number + 1, envelope = envelope || ''");
            connection.commit();
            return templates / seconds(began);
        }
    }

    private static double seconds(long began) {
        return (System.nanoTime() - began) / 1e9;
    }
}
