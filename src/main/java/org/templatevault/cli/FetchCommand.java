package org.templatevault.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.templatevault.client.Call;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Reads one template's bytes. */
@Command(
        name = "fetch",
        description = {
            "Reads one template, byte by byte as it was stored. Role: reader.",
            "With --json it comes with its attributes, the bytes in base64."
        },
        footer = {"  vault fetch $SUBJECT $TEMPLATE --purpose verification -o finger.dat \\", "    --home .vault"})
final class FetchCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "SUBJECT", description = "the person's id")
    UUID subject;

    @Parameters(index = "1", paramLabel = "TEMPLATE", description = "the template's id")
    UUID template;

    @Option(
            names = "--purpose",
            required = true,
            paramLabel = "NAME",
            description = "what it is for: goes into the trail")
    String purpose;

    @Option(names = "--version-number", paramLabel = "N", description = "an older version; the newest without it")
    @Nullable Integer version;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "where to write it, readable by its owner only; without it to standard output")
    @Nullable Path output;

    @Mixin
    Session session;

    @Override
    public Integer call() throws Exception {
        if (output == null && !session.json && session.terminal().isInteractive()) {
            throw session.usage("a template is no text for a terminal: give -o FILE");
        }
        Call call = session.api("reader")
                .get("/subjects/" + subject + "/templates/" + template + "/content"
                        + (version == null ? "" : "?version=" + version))
                .header("X-Purpose", purpose)
                .header("Accept", session.json ? "application/json" : "application/octet-stream");
        if (output == null) {
            write(call.send().bytes());
        } else {
            long bytes = call.download(output);
            session.note(output + ": " + Text.count(bytes, "byte", "bytes"));
        }
        return ExitCode.DONE;
    }

    private void write(byte[] bytes) throws IOException {
        session.terminal().out().write(bytes);
        session.terminal().out().flush();
    }
}
