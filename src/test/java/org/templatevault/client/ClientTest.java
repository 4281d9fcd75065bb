package org.templatevault.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClientTest {
    @TempDir
    Path directory;

    private static Connection at(String url) {
        return Connection.basic(URI.create(url), null, "user", "secret-word");
    }

    @Test
    void takesAnAddressWithOrWithoutTheApi() {
        for (String url : new String[] {"https://h:1", "https://h:1/", "https://h:1/api/v1", "https://h:1/api/v1/"}) {
            assertEquals(URI.create("https://h:1/api/v1/keys"), at(url).api("/keys"), url);
            assertEquals(URI.create("https://h:1/health"), at(url).beside("/health"), url);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://h", "h:9443", "https:h", "https://user:secret@h", "file:///etc", "//h"})
    void refusesAnAddressWithoutTls(String url) {
        assertThrows(IllegalArgumentException.class, () -> at(url));
    }

    @Test
    void refusesAFileWithoutCertificates() throws IOException {
        Path text = Files.writeString(directory.resolve("ca.pem"), "hello");
        Path empty = Files.writeString(directory.resolve("empty.pem"), "");
        for (Path file : new Path[] {text, empty, directory.resolve("absent.pem")}) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> Connection.bearer(URI.create("https://h"), file, "t"),
                    file.toString());
        }
    }

    @Test
    void printsNoCredentials() {
        assertFalse(at("https://h").toString().contains("Basic"));
        assertEquals(
                "https://h",
                Connection.bearer(URI.create("https://h"), null, "tok").toString());
    }

    @Test
    void saysCodeTitleDetailAndFields() {
        String text = Problem.of(
                        422,
                        "{\"code\":\"invalid-field\",\"title\":\"Unprocessable Content\",\"detail\":\"A field is wrong\","
                                + "\"errors\":[{\"field\":\"quality\",\"message\":\"0 to 100\"}]}")
                .text();
        assertEquals("invalid-field: Unprocessable Content. A field is wrong. (quality: 0 to 100)", text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "<html>", "[]", "{\"status\":\"DOWN\"}"})
    void makesDoWithTheStatusWhereThereIsNoProblem(String body) {
        assertEquals("http-503: The server answered 503.", Problem.of(503, body).text());
    }

    @Test
    void leavesWhatWasThereUntilTheFileIsWhole() throws IOException {
        Path file = Files.writeString(directory.resolve("f"), "before");
        try (PrivateFile fresh = PrivateFile.replacing(file)) {
            fresh.stream().write(new byte[10]);
        }
        assertEquals("before", Files.readString(file));
        PrivateFile.write(file, "after".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        assertEquals("after", Files.readString(file));
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        try (var files = Files.list(directory)) {
            assertEquals(1, files.count(), "nothing unfinished stays");
        }
    }

    @Test
    void refusesAPlaceThatIsNoFile() {
        assertThrows(IOException.class, () -> PrivateFile.replacing(directory));
        assertThrows(IOException.class, () -> PrivateFile.replacing(directory.resolve("no/such")));
    }
}
