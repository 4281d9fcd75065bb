package org.templatevault.cli;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.templatevault.client.Api;
import org.templatevault.client.PrivateFile;
import org.templatevault.client.Problem;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Reads many templates into files. */
@Command(
        name = "fetch",
        description = {
            "Reads the templates that lines of JSON name ({\"subject\":…,\"template\":…}); the journal of a batch enrol is"
                    + " such a file. Role: reader.",
            "Each goes to DIR/SUBJECT/TEMPLATE.bin, readable by its owner only. Files that are there are left: run it again"
                    + " to go on. Ends with 1 if some failed; they are listed in DIR/failures.ndjson."
        },
        footer = {"  vault batch fetch records.journal -o copies/ --purpose migration \\", "    --home .vault"})
final class BatchFetchCommand implements Callable<Integer> {
    private static final String AGAIN =
            "Not finished. Run the same command again to go on: what is written is not fetched again.";

    private record Wanted(UUID subject, UUID template) {
        JsonObject json() {
            return Json.createObjectBuilder()
                    .add("subject", subject.toString())
                    .add("template", template.toString())
                    .build();
        }
    }

    @Parameters(paramLabel = "LIST.ndjson", description = "which templates")
    Path list;

    @Option(
            names = {"-o", "--output"},
            required = true,
            paramLabel = "DIR",
            description = "where to write them; made if it is not there")
    Path output;

    @Option(
            names = "--purpose",
            required = true,
            paramLabel = "NAME",
            description = "what it is for: goes into the trail")
    String purpose;

    @Option(
            names = "--chunk",
            paramLabel = "N",
            defaultValue = "100",
            description = "templates in a request, 1 to 1000 (default ${DEFAULT-VALUE})")
    int chunk;

    @Mixin
    Session session;

    private final List<JsonObject> failures = new ArrayList<>();
    private final Speed speed = new Speed();
    private long done;
    private long written;

    @Override
    public Integer call() throws Exception {
        if (chunk < 1 || chunk > 1000) {
            throw session.usage("--chunk: 1 to 1000");
        }
        Api api = session.api("reader");
        Set<Wanted> all = wanted();
        Files.createDirectories(output);
        ArrayDeque<Wanted> queue = new ArrayDeque<>();
        all.stream().filter(one -> !Files.exists(file(one))).forEach(queue::add);
        done = (long) all.size() - queue.size();
        try (Progress progress = Progress.on(session.terminal(), AGAIN)) {
            show(progress, all.size());
            while (!queue.isEmpty()) {
                fetch(api, queue);
                show(progress, all.size());
            }
        }
        return report(all.size());
    }

    private Set<Wanted> wanted() throws IOException {
        Set<Wanted> all = new LinkedHashSet<>();
        int number = 0;
        try (var lines = Files.newBufferedReader(list)) {
            String line;
            while ((line = lines.readLine()) != null) {
                number++;
                Wanted one = parse(line, number);
                if (one != null) {
                    all.add(one);
                }
            }
        }
        return all;
    }

    /** Lines without a template are passed over: a journal has some. */
    private @Nullable Wanted parse(String line, int number) {
        if (line.isBlank()) {
            return null;
        }
        try {
            JsonObject json = JsonLines.object(line);
            if (!json.containsKey("template")) {
                return null;
            }
            return new Wanted(UUID.fromString(json.getString("subject")), UUID.fromString(json.getString("template")));
        } catch (IllegalArgumentException | NullPointerException | ClassCastException e) {
            throw session.usage(list + ", line " + number + ": no object with a subject's and a template's id");
        }
    }

    /** Items that would not fit into one answer (413) are asked for again, at first with others, at last alone. */
    private void fetch(Api api, ArrayDeque<Wanted> queue) throws Exception {
        List<Wanted> asked = new ArrayList<>();
        JsonArrayBuilder items = Json.createArrayBuilder();
        while (!queue.isEmpty() && asked.size() < chunk) {
            Wanted one = queue.remove();
            asked.add(one);
            items.add(one.json());
        }
        List<JsonObject> results = api.post("/templates:batchGet")
                .header("X-Purpose", purpose)
                .json(Json.createObjectBuilder().add("items", items).build())
                .send()
                .json()
                .getJsonArray("results")
                .getValuesAs(JsonObject.class);
        List<Wanted> later = new ArrayList<>();
        for (JsonObject result : results) {
            Wanted one = asked.get(result.getInt("index"));
            if (result.getInt("status") == 413 && asked.size() > 1) {
                later.add(one);
            } else {
                take(one, result);
            }
        }
        for (int i = later.size() - 1; i >= 0; i--) {
            queue.addFirst(later.get(i));
        }
    }

    private void take(Wanted one, JsonObject result) throws IOException {
        done++;
        if (result.getInt("status") != 200) {
            failures.add(Json.createObjectBuilder(one.json())
                    .add("problem", result.getJsonObject("problem"))
                    .build());
            return;
        }
        Path file = file(one);
        Files.createDirectories(java.util.Objects.requireNonNull(file.getParent()));
        PrivateFile.write(file, Base64.getDecoder().decode(result.getString("data")));
        written++;
    }

    private Path file(Wanted one) {
        return output.resolve(one.subject().toString()).resolve(one.template() + ".bin");
    }

    private void show(Progress progress, long total) {
        speed.note(System.nanoTime(), done);
        progress.show(Progress.line(done, total, "templates", speed.perSecond(), speed.left(total - done))
                + (failures.isEmpty() ? "" : "  " + Text.number(failures.size()) + " failed"));
    }

    private int report(int total) throws IOException {
        Path list = output.resolve("failures.ndjson");
        if (failures.isEmpty()) {
            Files.deleteIfExists(list);
        } else {
            String lines = failures.stream().map(line -> line + "\n").collect(Collectors.joining());
            PrivateFile.write(list, lines.getBytes(StandardCharsets.UTF_8));
        }
        JsonObject answer = Json.createObjectBuilder()
                .add("templates", total)
                .add("written", written)
                .add("thereBefore", total - written - failures.size())
                .add("failed", failures.size())
                .add("directory", output.toString())
                .build();
        session.answer(
                answer,
                () -> String.format(
                        "%s of %s written, %s there before, %s failed%s%n",
                        Text.field(answer, "written"),
                        Text.field(answer, "templates"),
                        Text.field(answer, "thereBefore"),
                        Text.field(answer, "failed"),
                        failures.isEmpty() ? "" : ", see " + list));
        return failures.stream().anyMatch(BatchFetchCommand::isIntegrityFailure)
                ? ExitCode.INTEGRITY
                : failures.isEmpty() ? ExitCode.DONE : ExitCode.FAILED;
    }

    private static boolean isIntegrityFailure(JsonObject failure) {
        int status = failure.getJsonObject("problem").getInt("status", 0);
        return ExitCode.of(Problem.of(status, failure.getJsonObject("problem"))) == ExitCode.INTEGRITY;
    }
}
