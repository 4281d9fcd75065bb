package org.templatevault.keyring;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.templatevault.crypto.AuthenticationFailedException;
import org.templatevault.crypto.SecretBytes;
import org.templatevault.crypto.Suite;

class RootKeyFileTest {
    private static final String PASSWORD = "a password of the tests";
    private static final byte[] AAD = "aad".getBytes(StandardCharsets.US_ASCII);
    private static final int KILLS = 12;

    @TempDir
    Path directory;

    private Path path;
    private RootKeyFile file;

    @BeforeEach
    void create() {
        path = directory.resolve("keystore.p12");
        file = new RootKeyFile(path, PASSWORD);
        file.create();
    }

    private RootKeyFile openedAgain() {
        return new RootKeyFile(path, PASSWORD);
    }

    @Test
    void unwrapsAfterItWasOpenedAgainWhatARootKeyWrapped() {
        file.generate("root-1");
        try (SecretBytes kek = SecretBytes.random(Suite.KEY_BYTES)) {
            byte[] wrapped = file.wrap("root-1", kek, AAD);
            file.generate("root-2");
            try (SecretBytes back = openedAgain().unwrap("root-1", wrapped, AAD)) {
                assertArrayEquals(kek.reveal(), back.reveal());
            }
            assertThrows(
                    AuthenticationFailedException.class, () -> openedAgain().unwrap("root-2", wrapped, AAD));
            assertThrows(
                    AuthenticationFailedException.class, () -> openedAgain().unwrap("root-1", wrapped, new byte[1]));
        }
    }

    @Test
    void deletesForGood() throws IOException {
        file.generate("root-1");
        file.generate("root-2");
        file.delete("root-1");
        file.delete("never made");
        assertEquals(Set.of("root-2"), openedAgain().aliases());
        assertTrue(file.isReachable());
        try (SecretBytes kek = SecretBytes.random(Suite.KEY_BYTES)) {
            assertThrows(KeyStoreUnavailableException.class, () -> openedAgain().wrap("root-1", kek, AAD));
        }
        try (Stream<Path> left = Files.list(directory)) {
            assertEquals(
                    List.of(path),
                    left.filter(one -> !one.toString().endsWith(".lock")).toList());
        }
    }

    @Test
    void isReadableByItsOwnerOnly() throws IOException {
        file.generate("root-1");
        assertEquals(PosixFilePermissions.fromString("rw-------"), Files.getPosixFilePermissions(path));
    }

    @Test
    void neverReplacesAKeyOrAFile() {
        file.generate("root-1");
        assertThrows(KeyStoreUnavailableException.class, () -> file.generate("root-1"));
        openedAgain().create();
        assertEquals(Set.of("root-1"), openedAgain().aliases());
    }

    /** Two nodes at their first start: the second has seen no file, and waits for the lock while the first makes it. */
    @Test
    void leavesTheFileThatAnotherNodeMadeMeanwhile() throws Exception {
        file.generate("root-1");
        Path shared = directory.resolve("shared.p12");
        Process second;
        try (FileChannel lock = FileChannel.open(
                        directory.resolve("shared.p12.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock first = lock.lock()) {
            assertTrue(first.isValid());
            second = writer(shared, "second");
            try (BufferedReader out = second.inputReader(StandardCharsets.US_ASCII)) {
                assertEquals(RootKeyWriter.MAKES, out.readLine());
                TimeUnit.MILLISECONDS.sleep(300);
                Files.copy(path, shared);
                first.release();
                out.readLine();
            }
        }
        second.destroyForcibly().waitFor();
        assertTrue(new RootKeyFile(shared, PASSWORD).aliases().contains("root-1"));
    }

    @Test
    void namesTheSettingThatIsWrong() throws IOException {
        file.generate("root-1");
        RootKeyFile wrongPassword = new RootKeyFile(path, "wrong");
        assertTrue(messageOf(wrongPassword).startsWith("VAULT_KEYSTORE_PASSWORD:"), messageOf(wrongPassword));
        Files.write(path, new byte[] {1, 2, 3});
        assertTrue(messageOf(file).startsWith("VAULT_KEYSTORE_FILE:"), messageOf(file));
        Files.delete(path);
        assertTrue(messageOf(file).startsWith("VAULT_KEYSTORE_FILE:"), messageOf(file));
    }

    private static String messageOf(RootKeyFile broken) {
        return String.valueOf(
                assertThrows(KeyStoreUnavailableException.class, () -> broken.unwrap("root-1", new byte[60], AAD))
                        .getMessage());
    }

    /** A process that does nothing but write is killed at random moments; every key that it announced is there. */
    @Test
    void losesNoKeyWhenItsWriterIsKilledAtAnyMoment() throws Exception {
        SplittableRandom random = new SplittableRandom();
        List<String> announced = new ArrayList<>();
        for (int kill = 0; kill < KILLS; kill++) {
            announced.addAll(writeAndKill("kill-" + kill, random.nextInt(120)));
            for (String alias : announced) {
                try (SecretBytes kek = SecretBytes.random(Suite.KEY_BYTES)) {
                    assertTrue(openedAgain().wrap(alias, kek, AAD).length > 0);
                }
            }
        }
        assertTrue(announced.size() >= KILLS, announced::toString);
        openedAgain().generate("last");
        try (Stream<Path> left = Files.list(directory)) {
            assertEquals(
                    List.of(path),
                    left.filter(one -> !one.toString().endsWith(".lock")).toList(),
                    "a key store that a crash left behind holds keys");
        }
    }

    @Test
    void writesThroughALinkAndKeepsIt() throws IOException {
        Path link = Files.createSymbolicLink(directory.resolve("link.p12"), path);
        new RootKeyFile(link, PASSWORD).generate("root-1");
        assertTrue(Files.isSymbolicLink(link));
        assertTrue(openedAgain().aliases().contains("root-1"));
    }

    /** One that sleeps in the middle of writing is waited for, and what another wrote is never lost. */
    @Test
    void losesNoKeyWhenTwoProcessesWriteAtOnceAndOneSleeps() throws Exception {
        Process other = writer("other");
        try {
            for (int i = 0; i < 12; i++) {
                TimeUnit.MILLISECONDS.sleep(new SplittableRandom().nextInt(60));
                signal(other, "STOP");
                TimeUnit.MILLISECONDS.sleep(30);
                signal(other, "CONT");
                file.generate("mine-" + i);
            }
        } finally {
            other.destroyForcibly().waitFor();
        }
        for (int i = 0; i < 12; i++) {
            assertTrue(openedAgain().aliases().contains("mine-" + i), "mine-" + i);
        }
    }

    private static void signal(Process process, String name) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .start()
                .waitFor();
    }

    private Process writer(String prefix) throws IOException {
        return writer(path, prefix);
    }

    private static Process writer(Path file, String prefix) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        "-XX:TieredStopAtLevel=1",
                        RootKeyWriter.class.getName(),
                        file.toString(),
                        PASSWORD,
                        prefix)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private List<String> writeAndKill(String prefix, int millis) throws IOException, InterruptedException {
        Process writer = writer(prefix);
        List<String> announced = new ArrayList<>();
        try (BufferedReader out = writer.inputReader(StandardCharsets.US_ASCII)) {
            announced.add(out.readLine());
            TimeUnit.MILLISECONDS.sleep(millis);
            writer.toHandle().destroyForcibly(); // Process.destroyForcibly would drop what was written before
            writer.waitFor();
            out.lines().filter(line -> line.matches("kill-\\d+-\\d+")).forEach(announced::add);
        }
        assertFalse(announced.contains(null), "the writer ended by itself");
        // The last line may have been cut.
        return announced.size() > 1 ? announced.subList(0, announced.size() - 1) : announced;
    }
}
