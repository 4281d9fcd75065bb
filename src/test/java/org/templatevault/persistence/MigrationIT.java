package org.templatevault.persistence;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.Eraser;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.Rows;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;
import org.templatevault.testing.VaultServer;

/**
 * A database of each older version of the schema, with the rows that it would have, brought to the newest. The rows were
 * written by a server, and are copied as far as the older version has tables and columns for them.
 */
@Tag("long")
@Tag("nightly")
class MigrationIT {
    private static final String OPEN = "modality=IRIS&format=OPAQUE";

    private static TestHome home;
    private static Rows source;
    private static final Map<Stored, byte[]> KEPT = new HashMap<>();
    private static Stored erased;

    @BeforeAll
    static void writeRows() {
        home = TestHome.create("migration");
        source = new Rows(home);
        try (VaultServer server = VaultServer.on(home).start()) {
            UUID known = UUID.fromString(server.as("enroller")
                    .post("/subjects")
                    .json("{\"reference\":\"member 4711\"}")
                    .send()
                    .expect(201)
                    .json()
                    .getString("id"));
            for (int i = 0; i < 6; i++) {
                byte[] bytes = TemplateDocument.noise(300, i);
                KEPT.put(server.as("enroller").store(i < 2 ? known : UUID.randomUUID(), OPEN, bytes), bytes);
            }
            new Custodian(server).rotate(Json.createObjectBuilder());
            erased = server.as("enroller").store(UUID.randomUUID(), OPEN, new byte[] {1});
            Eraser eraser = new Eraser(server);
            String bulk = eraser.ask(Eraser.list(List.of(erased.subject())))
                    .expect(202)
                    .json()
                    .getString("id");
            eraser.await(bulk, "DONE");
            server.as("key-custodian").post("/keys/1/exposure").send().expect(202);
            server.as("eraser")
                    .put("/subjects/" + known + "/hold")
                    .header("X-Reason", "Case 1")
                    .send()
                    .expect(200);
        }
    }

    @AfterAll
    static void stop() {
        home.close();
    }

    private static int newest() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("db"))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith("V"))
                    .mapToInt(name -> Integer.parseInt(name.substring(1, name.indexOf("__"))))
                    .max()
                    .orElseThrow();
        }
    }

    static IntStream olderVersions() throws IOException {
        return IntStream.range(1, newest());
    }

    private static String password(String role) throws IOException {
        Properties passwords = new Properties();
        try (var reader = Files.newBufferedReader(home.directory().resolve("database.properties"))) {
            passwords.load(reader);
        }
        return passwords.getProperty(role);
    }

    /** As {@link Migration}, up to a version. */
    private static void migrate(String url, int version) throws IOException {
        Flyway.configure(Migration.class.getClassLoader())
                .dataSource(url, "vault_owner", password("vault_owner"))
                .schemas("vault")
                .locations("classpath:db")
                .placeholders(Map.of("app_role", "\"vault_app\""))
                .target(Integer.toString(version))
                .load()
                .migrate();
    }

    private static String database(int version) {
        return "from_v" + version + "_" + UUID.randomUUID().toString().substring(0, 8);
    }

    /** The rows that a database of this version would have, brought to the newest version. */
    private static Rows migrated(String database, int version) throws IOException {
        new Rows(home.database().superuser("postgres")).change("create database " + database + " owner vault_owner");
        String url = home.database().url().replaceFirst("/vault$", "/" + database);
        migrate(url, version);
        Rows older = new Rows(home.database().superuser(database));
        tables(older).forEach(table -> copy(older, table));
        Map<String, String> before = contents(older);
        Migration.run(url, "vault_owner", password("vault_owner"), "vault_app");
        assertEquals(before, contents(older, before), "rows of version " + version);
        return older;
    }

    /** A release that starts on the schema of the one before would fail here and there, and seem to serve. */
    @Test
    void knowsTheSchemaOfThisReleaseFromTheOneBefore() throws IOException {
        String database = database(newest() - 1);
        new Rows(home.database().superuser("postgres")).change("create database " + database + " owner vault_owner");
        String url = home.database().url().replaceFirst("/vault$", "/" + database);
        DatabaseFacts facts = new DatabaseFacts();
        facts.dataSource = home.database().superuser(database);
        migrate(url, newest() - 1);
        assertFalse(facts.read().schemaPresent());
        migrate(url, newest());
        assertTrue(facts.read().schemaPresent());
    }

    private static List<String> tables(Rows database) {
        return database.texts("select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
                + " where n.nspname = 'vault' and c.relkind in ('r', 'p') and not c.relispartition"
                + " and c.relname <> 'flyway_schema_history' order by 1");
    }

    private static List<String> columns(Rows database, String table) {
        return database.texts(
                "select column_name from information_schema.columns where table_schema = 'vault' and table_name = ?"
                        + " order by ordinal_position",
                table);
    }

    private static void copy(Rows older, String table) {
        String columns = String.join(", ", columns(older, table));
        String rows = source.texts("select coalesce(json_agg(t), '[]')::text from (select " + columns + " from vault."
                        + table + ") t")
                .get(0);
        older.change("delete from vault." + table);
        older.change(
                "insert into vault." + table + " (" + columns + ") select " + columns
                        + " from json_populate_recordset(null::vault." + table + ", ?::json)",
                rows);
    }

    private static Map<String, String> contents(Rows database) {
        Map<String, String> contents = new HashMap<>();
        for (String table : tables(database)) {
            contents.put(table + " " + String.join(", ", columns(database, table)), "");
        }
        return contents(database, contents);
    }

    /** Of these tables and columns; what a migration is there to change is left out. */
    private static Map<String, String> contents(Rows database, Map<String, String> wanted) {
        Map<String, String> contents = new HashMap<>();
        for (String key : wanted.keySet()) {
            String table = key.substring(0, key.indexOf(' '));
            String columns = key.substring(table.length() + 1);
            contents.put(
                    key,
                    database.texts("select coalesce(string_agg(t::text, E'\\n' order by t::text), '') from (select "
                                    + columns + " from vault." + table + ") t")
                            .get(0));
        }
        return contents;
    }

    @ParameterizedTest
    @MethodSource("olderVersions")
    void keepsEveryRowAndMakesThoseThatTheNewerVersionsNeed(int version) throws IOException {
        Rows rows = migrated(database(version), version);
        long subjects = rows.number("select count(*) from vault.subject_key");
        assertEquals(KEPT.keySet().stream().map(Stored::subject).distinct().count(), subjects);
        assertEquals(
                subjects,
                rows.number("select count(*) from vault.subject_retention r join vault.subject_key k using (subject_id)"
                        + " where r.policy = 'default'"));
        assertEquals(
                1,
                rows.number("select count(*) from vault.erasure e join vault.erasure_round r on r.erasure_id = e.id"
                        + " where e.kek_version = e.last_kek_version and r.round = 1 and r.gone_xid > 0"));
        assertEquals(
                1,
                rows.number("select count(*) from vault.policy_version where name = 'default' and max_idle = 'P3Y'"));
        assertEquals(0, rows.number("select count(*) from vault.bulk_erasure where rate is not null"));
    }

    /** From before the trail, and from the first version with one. */
    @ParameterizedTest
    @ValueSource(ints = {1, 5})
    void servesWhatWasStoredUnderAnOlderVersion(int version) throws IOException {
        String database = database(version);
        Rows rows = migrated(database, version);
        new Rows(home.database().superuser("postgres"))
                .change("grant connect on database " + database + " to vault_app");
        Path checkpoints = home.directory().resolve("checkpoints-" + database + ".ndjson");
        try (VaultServer server = VaultServer.on(home, "v" + version)
                .database(database)
                .variable("VAULT_AUDIT_CHECKPOINT_FILE", checkpoints.toString())
                .start()) {
            KEPT.forEach((stored, bytes) -> assertArrayEquals(
                    bytes, server.as("reader").read(stored).expect(200).bytes()));
            server.as("reader").get("/subjects/" + erased.subject()).send().problem(410, "subject-erased");
            JsonObject found = server.as("reader")
                    .post("/subjects:search")
                    .json("{\"reference\":\"member 4711\"}")
                    .send()
                    .expect(200)
                    .json();
            assertFalse(found.getString("id").isEmpty());
            List<Stored> again = new ArrayList<>();
            again.add(server.as("enroller").store(UUID.randomUUID(), OPEN, new byte[] {7}));
            JsonObject ended = new Custodian(server).rotate(Json.createObjectBuilder());
            assertEquals("DRAINED", ended.getString("state"), ended::toString);
            KEPT.keySet().forEach(stored -> server.as("reader").read(stored).expect(200));
            again.forEach(stored -> server.as("reader").read(stored).expect(200));
            TestHome.await(
                    "nothing waits for a block",
                    java.time.Duration.ofSeconds(20),
                    () -> rows.number("select count(*) from vault.audit_pending") == 0);
            JsonObject report = server.as("auditor")
                    .post("/audit:verify")
                    .json("{}")
                    .send()
                    .expect(200)
                    .json();
            assertTrue(report.getBoolean("intact"), report::toString);
        }
        assertEquals(List.of(), Invariants.broken(rows));
    }
}
