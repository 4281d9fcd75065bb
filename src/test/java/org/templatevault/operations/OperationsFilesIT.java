package org.templatevault.operations;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.templatevault.testing.SharedVault.as;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonValue;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.templatevault.console.Attention;
import org.templatevault.testing.TestHome;
import org.yaml.snakeyaml.Yaml;

/** The alerts, the dashboard and the page for operators name metrics, alerts and codes that exist. */
class OperationsFilesIT {
    private static final Path ALERTS = Path.of("deploy/prometheus/alerts.yaml");
    private static final Path ALERT_TESTS = Path.of("src/test/prometheus/alerts-test.yaml");
    private static final Path DASHBOARD = Path.of("deploy/grafana/vault.json");
    private static final Path PAGE = Path.of("docs/operations.md");
    private static final Pattern METRIC =
            Pattern.compile("\\b(?:vault|http_server|connectionpool|memory)_[A-Za-z_]+\\b(?!\\s*=)");
    private static final Pattern OF_EVERYBODY = Pattern.compile("\\b(?:http_server_[a-z_]+|up)\\b(?:\\{[^}]*})?");
    private static final Pattern ATTENTION = Pattern.compile("vault_attention\\{code=\"([a-z-]+)\"}");

    private record Alert(String name, String expression, String runbook) {}

    private static List<Alert> alerts() throws IOException {
        return json(new Yaml().load(Files.readString(ALERTS)))
                .getJsonArray("groups")
                .getJsonObject(0)
                .getJsonArray("rules")
                .stream()
                .map(JsonValue::asJsonObject)
                .map(rule -> new Alert(
                        rule.getString("alert"),
                        rule.getString("expr"),
                        rule.getJsonObject("annotations").getString("runbook")))
                .toList();
    }

    private static JsonObject json(Map<String, Object> yaml) {
        return Json.createObjectBuilder(yaml).build();
    }

    private static List<String> queries() throws IOException {
        try (var reader = Json.createReader(Files.newBufferedReader(DASHBOARD))) {
            return reader.readObject().getJsonArray("panels").stream()
                    .map(JsonValue::asJsonObject)
                    .filter(panel -> panel.containsKey("targets"))
                    .flatMap(panel -> panel.getJsonArray("targets").stream())
                    .map(target -> target.asJsonObject().getString("expr"))
                    .toList();
        }
    }

    private static Set<String> metricsOf(List<String> expressions) {
        return expressions.stream()
                .flatMap(expression -> METRIC.matcher(expression).results())
                .map(match -> match.group())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> scraped() {
        return as("operator")
                .callOutside("GET", "/metrics")
                .send()
                .expect(200)
                .text()
                .lines()
                .filter(line -> !line.startsWith("#"))
                .map(line -> line.replaceFirst("[{ ].*", ""))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void nameMetricsThatTheVaultPublishes() throws IOException {
        List<String> expressions = new ArrayList<>(queries());
        alerts().forEach(alert -> expressions.add(alert.expression()));
        Set<String> asked = metricsOf(expressions);
        assertTrue(asked.size() > 15, asked::toString);
        as("reader")
                .read(as("enroller").store(UUID.randomUUID(), new byte[100]))
                .expect(200);
        TestHome.await(
                "every metric is published, of " + asked,
                Duration.ofSeconds(20),
                () -> scraped().containsAll(asked));
    }

    /** Other applications that the same Prometheus scrapes publish these, too. */
    @Test
    void askOnlyTheVaultForWhatOthersPublishToo() throws IOException {
        List<String> selectors = alerts().stream()
                .flatMap(alert -> OF_EVERYBODY.matcher(alert.expression()).results())
                .map(match -> match.group())
                .toList();
        assertTrue(selectors.size() >= 4, selectors::toString);
        selectors.forEach(selector -> assertTrue(selector.contains("job=\"template-vault\""), selector));
    }

    /** A server that runs without its vault answers a scrape: what the vault registers when it has started is missing. */
    @Test
    void tellThatAServerRunsWithoutItsVault() throws IOException {
        String expression = alerts().stream()
                .filter(alert -> alert.name().equals("VaultNotStarted"))
                .findFirst()
                .orElseThrow()
                .expression();
        assertEquals(Set.of("vault_wraps"), metricsOf(List.of(expression)));
    }

    @Test
    void nameWhatCanNeedAttention() throws IOException {
        Set<String> known = Arrays.stream(Attention.Code.values())
                .map(code -> code.name().toLowerCase(Locale.ROOT).replace('_', '-'))
                .collect(Collectors.toSet());
        Set<String> asked = alerts().stream()
                .flatMap(alert -> ATTENTION.matcher(alert.expression()).results())
                .map(match -> match.group(1))
                .collect(Collectors.toSet());
        assertTrue(known.containsAll(asked), () -> asked + " of " + known);
    }

    @Test
    void haveAParagraphForEachAlertAndNoOther() throws IOException {
        Set<String> headings = Files.readAllLines(PAGE).stream()
                .filter(line -> line.startsWith("### Vault"))
                .map(line -> line.substring(4))
                .collect(Collectors.toCollection(TreeSet::new));
        Set<String> names = alerts().stream().map(Alert::name).collect(Collectors.toCollection(TreeSet::new));
        assertEquals(names, headings);
        for (Alert alert : alerts()) {
            assertEquals(PAGE + "#" + alert.name().toLowerCase(Locale.ROOT), alert.runbook());
        }
    }

    @Test
    void nameErrorCodesOfTheReadme() throws IOException {
        String readme = Files.readString(Path.of("README.md"));
        String page = Files.readString(PAGE);
        String table = page.substring(page.lastIndexOf("## At three in the morning"));
        List<String> codes = Pattern.compile("(?m)^\\| `([a-z-]+)` \\|")
                .matcher(table)
                .results()
                .map(match -> match.group(1))
                .toList();
        assertTrue(codes.size() >= 10, codes::toString);
        codes.forEach(code -> assertTrue(readme.contains("| `" + code + "` |"), code));
    }

    @Test
    void askForPathsThatExist() throws IOException {
        String openApi = Files.readString(Path.of("src/main/resources/openapi.yaml"));
        Pattern.compile("`(?:GET|POST|PATCH) (?:/api/v1)?(/[^` ]+)`")
                .matcher(Files.readString(PAGE))
                .results()
                .map(match -> match.group(1).replace("{id}", "{rotation}"))
                .map(path -> path.replace("/erasures/{rotation}", "/erasures/{erasure}"))
                .map(path -> path.replace("/erasures/bulk/{rotation}", "/erasures/bulk/{bulk}"))
                .forEach(path -> assertTrue(openApi.contains("\n  " + path + ":"), path));
    }

    @Test
    void areReadByPrometheus() throws Exception {
        promtool("check", "rules", ALERTS.toString());
    }

    @Test
    void fireWhenTheyShouldAndOnlyThen() throws Exception {
        promtool("test", "rules", ALERT_TESTS.toString());
    }

    private static void promtool(String... arguments) throws Exception {
        Path promtool = Path.of("/usr/bin/promtool");
        assumeTrue(Files.isExecutable(promtool), "promtool is not here: the alerts are not checked by it");
        List<String> command = new ArrayList<>(List.of(promtool.toString()));
        command.addAll(List.of(arguments));
        Process run = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(run.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(run.waitFor(30, TimeUnit.SECONDS), "promtool takes too long");
        assertEquals(0, run.exitValue(), said);
    }

    /** Also where promtool is not there to run them. */
    @Test
    void areEachTestedWithSeriesThatFireAndSeriesThatDoNot() throws IOException {
        String tests = Files.readString(ALERT_TESTS);
        for (Alert alert : alerts()) {
            assertTrue(tests.contains("  - name: " + alert.name() + " fires\n"), alert.name());
            assertTrue(tests.contains("  - name: " + alert.name() + " is silent\n"), alert.name());
        }
    }

    private static JsonObject pod() throws IOException {
        List<JsonObject> manifests = new ArrayList<>();
        for (Object manifest : new Yaml().loadAll(Files.readString(Path.of("deploy/kubernetes/vault.yaml")))) {
            manifests.add(json(new Yaml().load(new Yaml().dump(manifest))));
        }
        return manifests.stream()
                .filter(manifest -> manifest.getString("kind").equals("StatefulSet"))
                .findFirst()
                .orElseThrow()
                .getJsonObject("spec")
                .getJsonObject("template")
                .getJsonObject("spec");
    }

    /** The manifests are YAML, of a user that is not root, with a file system that cannot be written. */
    @Test
    void runTheVaultWithoutRights() throws IOException {
        JsonObject pod = pod();
        assertTrue(pod.getJsonObject("securityContext").getBoolean("runAsNonRoot"));
        JsonObject container = pod.getJsonArray("containers").getJsonObject(0);
        assertTrue(container.getJsonObject("securityContext").getBoolean("readOnlyRootFilesystem"));
        assertTrue(Files.readString(Path.of("deploy/container/Containerfile")).contains("\nUSER 10001"));
    }

    /** What stands in a memory-backed volume counts against the container's limit, beside 1 GiB of heap and 1 GiB more. */
    @Test
    void leaveRoomForTheHeapAndTheFilesInMemory() throws IOException {
        JsonObject pod = pod();
        JsonObject resources = pod.getJsonArray("containers").getJsonObject(0).getJsonObject("resources");
        JsonObject run = pod.getJsonArray("volumes").getJsonObject(0).getJsonObject("emptyDir");
        assertEquals("Memory", run.getString("medium"));
        assertEquals("1Gi", run.getString("sizeLimit"));
        assertEquals("3Gi", resources.getJsonObject("limits").getString("memory"));
        assertEquals("3Gi", resources.getJsonObject("requests").getString("memory"));
    }

    @Test
    void giveALongMigrationAnHour() throws IOException {
        JsonObject probe = pod().getJsonArray("containers").getJsonObject(0).getJsonObject("startupProbe");
        assertTrue(probe.getInt("periodSeconds") * probe.getInt("failureThreshold") >= 3600, probe::toString);
    }

    /** A core dump holds keys: no file of deploy/ that could forbid it stands between a bare jar and the disk. */
    @Test
    void leaveNoCoreDumpBehind() throws IOException {
        List<String> options = Files.readAllLines(Path.of("src/main/liberty/config/jvm.options"));
        assertTrue(options.contains("-XX:-CreateCoredumpOnCrash"), options::toString);
    }
}
