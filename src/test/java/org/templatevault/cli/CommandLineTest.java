package org.templatevault.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class CommandLineTest {
    private static final String ID = "0192f0a4-7c11-7abc-8def-0123456789ab";

    @TempDir
    Path directory;

    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        return RootCommand.commandLine().setErr(new PrintWriter(err, true)).execute(args);
    }

    private static List<CommandLine> all(CommandLine command) {
        List<CommandLine> all = new ArrayList<>(List.of(command));
        command.getSubcommands().values().forEach(one -> all.addAll(all(one)));
        return all;
    }

    @Test
    void explainsEveryCommandWithAnExampleAndTheExitCodes() {
        List<CommandLine> commands = all(RootCommand.commandLine());
        assertTrue(commands.size() > 20, "there are " + commands.size());
        for (CommandLine command : commands) {
            String name = command.getCommandSpec().qualifiedName();
            if (!name.endsWith("generate-completion")) {
                String help = command.getUsageMessage();
                assertTrue(help.contains("Example:\n"), name);
                assertTrue(help.contains("  " + name.split(" ")[0] + " "), name);
                assertTrue(help.contains("Exit codes:") && help.contains("certificate is not trusted"), name);
            }
        }
    }

    @Test
    void takesNoSecretAsAnArgumentAndTrustsNobodyBlindly() {
        for (CommandLine command : all(RootCommand.commandLine())) {
            for (var option : command.getCommandSpec().options()) {
                for (String name : option.names()) {
                    assertFalse(name.matches("--(password|token|secret|insecure|trust-all|no-verify)"), name);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "unheard-of",
                "keys",
                "keys usage",
                "keys usage one",
                "batch",
                "fetch " + ID,
                "fetch " + ID + " " + ID,
                "fetch one two --purpose support",
                "erase " + ID,
                "erase nobody --reason retention",
                "receipt",
                "audit export",
                "approvals approve",
                "rotate --rate many",
                "rotate --unheard-of",
                "status --wait soon",
                "status --home a --home b",
                "status",
                "status --url https://localhost:9443",
                "status --url http://localhost:9443 --user operator",
                "status --url https://localhost:9443 --user operator --token-file t",
                "status --home h --url https://localhost:9443",
                "status --home h --user operator",
                "status --home h --wait -1",
                "rotation rate slow --home h",
                "rotation rate -5 --home h",
                "erase " + ID + " --reason retention --home h",
                "approvals approve " + ID + " --home h",
                "batch enrol . --chunk 0 --home h",
                "batch enrol . --chunk 1001 --home h",
                "batch fetch l -o d --purpose p --chunk 0 --home h"
            })
    void refusesWrongUsage(String line) {
        assertEquals(ExitCode.USAGE, run(line.split(" ")));
        assertTrue(err.toString().startsWith("usage: "), err.toString());
        assertTrue(err.toString().contains(" --help"), err.toString());
        assertFalse(err.toString().contains("\tat "), err.toString());
    }

    @Test
    void wantsAModalityAndAFormat() throws Exception {
        Path file = Files.writeString(directory.resolve("f"), "x");
        assertEquals(ExitCode.USAGE, run("enrol", file.toString(), "--modality", "FACE", "--home", "h"));
    }

    @Test
    void saysWhichFileIsNotThere() {
        assertEquals(ExitCode.FAILED, run("status", "--home", directory.toString()));
        assertTrue(err.toString().startsWith("file: ") && err.toString().contains("is not there"), err.toString());
    }

    @Test
    void saysThatNobodyAnswers() throws Exception {
        Path password = Files.writeString(directory.resolve("p"), "secret-word\n");
        assertEquals(
                ExitCode.UNAVAILABLE,
                run("status", "--url", "https://localhost:1", "--user", "op", "--password-file", password.toString()));
        assertEquals(
                "unreachable: no answer from https://localhost:1: nobody listens there",
                err.toString().strip());
    }

    @Test
    void refusesATokenFileWithMoreThanAToken() throws Exception {
        Path token = Files.writeString(directory.resolve("t"), "one two\n");
        assertEquals(ExitCode.USAGE, run("status", "--url", "https://localhost:1", "--token-file", token.toString()));
        assertFalse(err.toString().contains("one two"), "a token is never printed");
    }

    private static String verified(boolean intact, String... givenUp) {
        return AuditCommand.text(Json.createObjectBuilder()
                .add("intact", intact)
                .add("blocks", 2)
                .add("entries", 3)
                .add("waiting", 0)
                .add("templates", 1)
                .add("pruned", Json.createArrayBuilder(List.of(givenUp)))
                .add("found", intact ? 0 : 1)
                .add("findings", Json.createArrayBuilder())
                .build());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void saysWhichMonthsOfTheTrailWereGivenUp(boolean intact) {
        String text = verified(intact, "2016-01", "2016-02");
        assertTrue(text.contains("; given up: 2016-01, 2016-02\n"), text);
        assertFalse(verified(intact).contains("given up"));
    }

    @ParameterizedTest
    @CsvSource({
        "400,2", "401,3", "403,3", "404,4", "405,1", "409,5", "410,4", "412,5", "413,1", "422,2", "429,7", "500,1",
        "503,7"
    })
    void endsWithTheCodeOfTheRefusal(int status, int exitCode) {
        assertEquals(exitCode, ExitCode.of(org.templatevault.client.Problem.found(status, "some-code", "No")));
    }
}
