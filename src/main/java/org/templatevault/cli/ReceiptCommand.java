package org.templatevault.cli;

import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.templatevault.client.PrivateFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Reads the receipt of an erasure. */
@Command(
        name = "receipt",
        description = {
            "Reads the receipt of an erasure: how far it is, and what it waits for. Role: eraser.",
            "Each answer is signed anew; -o keeps it with its signature."
        },
        footer = "  vault receipt $ERASURE -o receipt.json --home .vault")
final class ReceiptCommand implements Callable<Integer> {
    private static final List<String> STEPS = List.of("logicalAt", "evictedAt", "cryptographicAt", "physicalAt");

    @Parameters(paramLabel = "ERASURE", description = "the erasure's id")
    UUID erasure;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "where to write the signed receipt, too")
    @Nullable Path output;

    @Mixin
    Session session;

    @Override
    public Integer call() throws Exception {
        JsonObject receipt =
                session.api("eraser").get("/erasures/" + erasure).send().json();
        if (output != null) {
            PrivateFile.write(output, receipt.toString().getBytes(StandardCharsets.UTF_8));
        }
        session.answer(receipt, () -> text(receipt));
        return ExitCode.DONE;
    }

    static String text(JsonObject receipt) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("erasure", Text.field(receipt, "id")));
        rows.add(
                List.of("why", Text.field(receipt, "reason") + ", asked for by " + Text.field(receipt, "requestedBy")));
        rows.add(List.of("templates", Text.field(receipt, "templates")));
        rows.add(List.of(
                "key versions",
                Text.field(receipt, "firstKeyVersion") + " to " + Text.field(receipt, "lastKeyVersion")));
        JsonObject waiting = receipt.getJsonObject("waiting");
        for (String step : STEPS) {
            String at = Text.field(receipt, step);
            rows.add(List.of(step, at.isEmpty() ? waitingFor(waiting, step) : at));
        }
        return Text.table(rows);
    }

    private static String waitingFor(@Nullable JsonObject waiting, String step) {
        JsonObject one = waiting == null ? null : waiting.getJsonObject(step);
        if (one == null) {
            return "not yet";
        }
        String what = one.getJsonArray("for").getValuesAs(JsonString.class).stream()
                .map(JsonString::getString)
                .collect(Collectors.joining("; "));
        String expected = Text.field(one, "expected");
        return "waits for " + Text.printable(what) + (expected.isEmpty() ? "" : ", expected " + expected);
    }
}
