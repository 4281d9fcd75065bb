package org.templatevault.rest;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.stream.JsonGenerator;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.StreamingOutput;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;
import org.templatevault.vault.Outcome;
import org.templatevault.vault.VaultMetrics;

/** The answer to a batch: a summary, then a result for each item in the order of the items, written as a stream. */
final class BatchAnswer {
    private static final System.Logger LOG = System.getLogger(BatchAnswer.class.getName());

    private BatchAnswer() {}

    /**
     * @param status of an item that succeeded
     * @param json of what it gives
     * @param release run when everything is written, or when writing failed
     */
    static <T> Response of(
            List<Outcome<T>> outcomes,
            int status,
            Function<T, JsonObjectBuilder> json,
            VaultMetrics metrics,
            Runnable release) {
        String requestId = RequestLog.currentRequestId();
        StreamingOutput body = out -> {
            try (JsonGenerator generator = Json.createGenerator(new BoundedOutput(out))) {
                long ok = outcomes.stream().filter(Outcome::isOk).count();
                generator.writeStartObject();
                generator.writeStartObject("summary");
                generator.write("ok", ok).write("failed", outcomes.size() - ok).writeEnd();
                generator.writeStartArray("results");
                for (int i = 0; i < outcomes.size(); i++) {
                    generator.write(result(i, outcomes.get(i), status, json, metrics, requestId));
                }
                generator.writeEnd().writeEnd();
            }
        };
        return Response.ok(new HeldAnswer(body, release)).build();
    }

    private static <T> JsonObject result(
            int index,
            Outcome<T> outcome,
            int status,
            Function<T, JsonObjectBuilder> json,
            VaultMetrics metrics,
            String requestId) {
        VaultException problem = outcome.problem();
        T value = outcome.value();
        if (problem == null && value != null) {
            return Json.createObjectBuilder()
                    .add("index", index)
                    .add("status", status)
                    .addAll(json.apply(value))
                    .build();
        }
        VaultException failure = java.util.Objects.requireNonNull(problem);
        return Json.createObjectBuilder()
                .add("index", index)
                .add("status", Problem.status(failure.kind()))
                .add("problem", document(failure, metrics, requestId))
                .build();
    }

    private static JsonObject document(VaultException failure, VaultMetrics metrics, String requestId) {
        JsonObject document = Problem.document(failure, requestId);
        if (failure.kind() != ErrorKind.INTEGRITY) {
            return document;
        }
        metrics.integrityFailure();
        String incident = UUID.randomUUID().toString();
        LOG.log(System.Logger.Level.ERROR, "Integrity alarm incident=" + incident + " requestId=" + requestId, failure);
        return Json.createObjectBuilder(document).add("incident", incident).build();
    }
}
