package org.templatevault.testing;

import jakarta.json.Json;
import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.List;

/** The server's own API of batch jobs, past the vault's. */
public final class BatchApi {
    /** Where it lists what was submitted. */
    public static final String INSTANCES = "/ibm/api/batch/jobinstances";

    private static final String EXECUTIONS = "/ibm/api/batch/jobexecutions/";
    private static final List<String> LIVE = List.of("STARTED", "STARTING", "STOPPING");

    private final VaultServer server;

    /** As this server's operator. */
    public BatchApi(VaultServer server) {
        this.server = server;
    }

    /** The executions of rotations that have not ended: a server that was killed may have left another kind that never does. */
    public List<JsonObject> live() {
        List<JsonObject> live = new ArrayList<>();
        for (JsonObject instance : list(INSTANCES)) {
            list(INSTANCES + "/" + instance.getInt("instanceId") + "/jobexecutions").stream()
                    .filter(execution ->
                            execution.getJsonObject("jobParameters").containsKey("rotation"))
                    .filter(execution -> LIVE.contains(execution.getString("batchStatus")))
                    .forEach(live::add);
        }
        return live;
    }

    /** The highest number of a rotation's instance, 0 without any; the vault has other jobs of its own. */
    public long newestInstance() {
        return list(INSTANCES).stream()
                .filter(instance -> instance.getString("jobName").equals("rotation"))
                .mapToLong(instance -> instance.getJsonNumber("instanceId").longValue())
                .max()
                .orElse(0);
    }

    /** Submits the vault's rotation job with these parameters. */
    public void submit(JsonObjectBuilder parameters) {
        operator()
                .callOutside("POST", INSTANCES)
                .json(Json.createObjectBuilder()
                        .add("applicationName", "vault")
                        .add("moduleName", "vault.war")
                        .add("jobXMLName", "rotation")
                        .add("jobParameters", parameters)
                        .build())
                .send()
                .expect(201);
    }

    /** Stops an execution. */
    public void stop(long execution) {
        act(execution, "stop");
    }

    /** Restarts what was stopped. */
    public void restart(long execution) {
        act(execution, "restart&reusePreviousParams=true");
    }

    /** Takes an instance that has ended out of the job repository. */
    public void purge(long instance) {
        operator()
                .callOutside("DELETE", INSTANCES + "/" + instance + "?purgeJobStoreOnly=true")
                .send()
                .expect(200);
    }

    private void act(long execution, String action) {
        operator()
                .callOutside("PUT", EXECUTIONS + execution + "?action=" + action)
                .send()
                .expect(200);
    }

    private List<JsonObject> list(String path) {
        return array(operator().callOutside("GET", path).send().expect(200)).getValuesAs(JsonObject.class);
    }

    private static JsonArray array(Answer answer) {
        try (var reader = Json.createReader(new ByteArrayInputStream(answer.bytes()))) {
            return reader.readArray();
        }
    }

    private VaultClient operator() {
        return server.as("operator");
    }
}
