package org.templatevault.cli;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.templatevault.client.Api;
import org.templatevault.client.PrivateFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Stores a directory of templates, or those in lines of JSON. */
@Command(
        name = "enrol",
        description = {
            "Stores the files of a directory, or the templates in lines of JSON. Role: enroller.",
            "Of a directory each file is a template, of a new subject; what lies in or below one that is named by a"
                    + " UUID belongs to that subject. A line is an object like an item of templates:batchStore"
                    + " ({\"subject\":…,\"modality\":…,\"data\":…}); what it lacks comes from the options.",
            "A journal beside the source says what was stored, and under which ids. Run it again after an interruption,"
                    + " within a day: it goes on, stores nothing twice, and tries again what was refused, with other options"
                    + " if you like. Keep the source as it is meanwhile: another day's batch needs another journal. Ends"
                    + " with 1 if some failed; they are listed in a file."
        },
        footer = {
            "  vault batch enrol records/ --glob '*.dat' --modality FINGERPRINT \\",
            "    --format ISO_19794_2_2005 --home .vault"
        })
final class BatchEnrolCommand implements Callable<Integer> {
    @Parameters(paramLabel = "DIR|FILE.ndjson", description = "the templates")
    Path from;

    @Option(
            names = "--glob",
            paramLabel = "PATTERN",
            defaultValue = "*",
            description = "of a directory only the files with such a name (default ${DEFAULT-VALUE})")
    String glob;

    @Option(
            names = "--chunk",
            paramLabel = "N",
            defaultValue = "200",
            description = "templates in a request, 1 to 1000 (default ${DEFAULT-VALUE})")
    int chunk;

    @Option(
            names = "--journal",
            paramLabel = "FILE",
            description = "what was sent and stored; without it the name of the source with .journal")
    @Nullable Path journalFile;

    @Option(
            names = "--failures",
            paramLabel = "FILE",
            description = "lines of JSON with what was not stored, and why; without it the name of the source with"
                    + " .failures")
    @Nullable Path failuresFile;

    @Mixin
    TemplateOptions template;

    @Mixin
    Session session;

    @Override
    public Integer call() throws Exception {
        if (chunk < 1 || chunk > 1000) {
            throw session.usage("--chunk: 1 to 1000");
        }
        Api api = session.api("enroller");
        Source source = source();
        if (source.names().isEmpty()) {
            throw session.usage("there is nothing to enrol in " + from);
        }
        Path file = journalFile == null ? beside(".journal") : journalFile;
        if (journalFile == null && !Files.isWritable(file.resolveSibling("."))) {
            throw session.usage("the journal cannot stand beside " + from
                    + ": its directory is not writable. Name files elsewhere by --journal and --failures");
        }
        long begin = System.nanoTime();
        try (Journal journal = Journal.open(file, batch(api), template.json())) {
            journal.use(template.json(), source.names());
            List<JsonObject> changed;
            String unfinished = "Not finished. Run the same command again to go on: " + file;
            long before = source.names().stream().filter(journal::isStored).count();
            try (Progress progress = Progress.on(session.terminal(), unfinished)) {
                changed = new BatchEnrolment(api, source, journal, template.json(), chunk, progress).run();
            } catch (Exception e) {
                session.note(unfinished);
                throw e;
            }
            long stored = source.names().stream().filter(journal::isStored).count();
            Figures figures =
                    new Figures(stored - changed.size(), before - changed.size(), (System.nanoTime() - begin) / 1e9);
            return report(source, failed(source, journal, changed), file, figures);
        }
    }

    private Source source() throws IOException {
        try {
            return Files.isDirectory(from) ? DirectorySource.of(from, glob) : LineSource.of(from);
        } catch (IllegalArgumentException e) {
            throw session.usage(String.valueOf(e.getMessage()));
        }
    }

    /** What must be the same when the journal is taken up: the vault knows the chunks of one caller only. */
    private JsonObject batch(Api api) throws IOException {
        return Json.createObjectBuilder()
                .add("source", from.toRealPath().toString())
                .add("glob", glob)
                .add("address", api.address().toString())
                .add("caller", session.caller("enroller"))
                .build();
    }

    private Path beside(String ending) throws IOException {
        Path real = from.toRealPath();
        return real.resolveSibling(real.getFileName() + ending);
    }

    private static List<JsonObject> failed(Source source, Journal journal, List<JsonObject> changed) {
        Stream<JsonObject> refused = source.names().stream().flatMap(name -> journal.failure(name).stream());
        return Stream.concat(refused, changed.stream()).toList();
    }

    /** What is stored now, and was before this run, with the content that the source has. */
    private record Figures(long stored, long earlier, double seconds) {}

    private int report(Source source, List<JsonObject> failed, Path file, Figures figures) throws IOException {
        Path failures = failuresFile == null ? beside(".failures") : failuresFile;
        if (failed.isEmpty()) {
            Files.deleteIfExists(failures);
        } else {
            String lines = failed.stream().map(line -> line + "\n").collect(Collectors.joining());
            PrivateFile.write(failures, lines.getBytes(StandardCharsets.UTF_8));
        }
        JsonObject done = Json.createObjectBuilder()
                .add("records", source.names().size())
                .add("stored", figures.stored)
                .add("storedEarlier", figures.earlier)
                .add("failed", failed.size())
                .add("seconds", Math.round(figures.seconds * 10) / 10.0)
                .add("journal", file.toString())
                .add("failures", failed.isEmpty() ? "" : failures.toString())
                .build();
        session.answer(done, () -> text(done));
        return failed.isEmpty() ? ExitCode.DONE : ExitCode.FAILED;
    }

    private static String text(JsonObject done) {
        String failures = done.getInt("failed") == 0
                ? "none failed"
                : Text.number(done.getInt("failed")) + " failed, see " + Text.field(done, "failures");
        return String.format(
                "%s of %s stored (%s of them earlier), %s; %s s. Ids: %s%n",
                Text.number(done.getInt("stored")),
                Text.number(done.getInt("records")),
                Text.number(done.getInt("storedEarlier")),
                failures,
                Text.field(done, "seconds"),
                Text.field(done, "journal"));
    }
}
