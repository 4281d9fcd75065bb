package org.templatevault.embedded;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Rows;
import org.templatevault.testing.TestHome;

class FirstStartIT {
    private static final int KILLS = 15;
    private static final Path DIRECTORY = Path.of(System.getProperty("vault.it.directory", "target/it"))
            .resolve("first")
            .toAbsolutePath();

    private Path binaries;

    @BeforeEach
    void unpacks() {
        try (TestHome home = TestHome.create("first-binaries")) {
            binaries = home.directory().resolveSibling("postgres-binaries");
        }
    }

    private static Process start(Path home, Path binaries) throws Exception {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        FirstStart.class.getName(),
                        home.toString(),
                        binaries.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    /** Somebody ends it before it has ended. */
    @Test
    @Tag("nightly")
    void canBeKilledAtAnyTimeAndMadeAgain() throws Exception {
        Random random = new Random(7);
        for (int i = 0; i < KILLS; i++) {
            Path home = DIRECTORY.resolve(Integer.toString(i));
            if (Files.exists(home)) {
                Home.delete(home);
            }
            Process first = start(home, binaries);
            try (var out = first.inputReader(StandardCharsets.US_ASCII)) {
                assertEquals("begins", out.readLine());
                TimeUnit.MILLISECONDS.sleep(random.nextInt(3_000));
                first.toHandle().destroyForcibly();
                first.waitFor();
            }
            startsAgain(home, i);
            startsAgain(home, i);
            assertEquals(List.of(), leftovers(home), "by then nobody writes there any more");
        }
    }

    /** Such as a volume that was mounted there: PostgreSQL asks nobody for a password unless it is told to. */
    @Test
    void asksForPasswordsAlsoWhereTheDirectoryIsThereAndEmpty() throws Exception {
        Path directory = DIRECTORY.resolve("empty");
        if (Files.exists(directory)) {
            Home.delete(directory);
        }
        Files.createDirectories(directory.resolve("postgres"));
        try (Home home = Home.open(directory);
                Database database = Database.start(home, binaries, 0)) {
            SQLException refused = assertThrows(
                    SQLException.class, () -> DriverManager.getConnection(database.url(), "postgres", "wrong"));
            assertEquals("28P01", refused.getSQLState());
        }
    }

    private static List<Path> leftovers(Path directory) throws IOException {
        try (Stream<Path> all = Files.list(directory)) {
            return all.filter(path -> path.getFileName().toString().startsWith("postgres-new-"))
                    .toList();
        }
    }

    private void startsAgain(Path directory, int kill) throws Exception {
        try (Home home = Home.open(directory);
                Database database = Database.start(home, binaries, 0)) {
            List<String> tables =
                    new Rows(database.superuser("vault")).texts("select count(*)::text from vault.key_version");
            assertEquals(List.of("0"), tables, "after kill " + kill);
        } catch (SQLException | RuntimeException e) {
            throw new AssertionError("The database does not start after kill " + kill, e);
        }
    }
}
