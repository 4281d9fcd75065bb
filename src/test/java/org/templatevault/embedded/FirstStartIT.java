package org.templatevault.embedded;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Rows;
import org.templatevault.testing.TestHome;

/** Somebody ends the first start before it has ended. */
@Tag("nightly")
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

    @Test
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
        }
    }

    private void startsAgain(Path directory, int kill) throws Exception {
        try (Home home = Home.open(directory);
                Database database = Database.start(home, binaries, 0)) {
            List<String> tables =
                    new Rows(database.superuser("vault")).texts("select count(*)::text from vault.key_version");
            assertEquals(List.of("0"), tables, "after kill " + kill);
            assertTrue(home.directories("postgres-new-").isEmpty(), "what was left is cleared away");
        } catch (SQLException | RuntimeException e) {
            throw new AssertionError("The database does not start after kill " + kill, e);
        }
    }
}
