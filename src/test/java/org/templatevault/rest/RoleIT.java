package org.templatevault.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonValue;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.Path;
import java.lang.annotation.Annotation;
import java.lang.reflect.Method;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.testing.Answer;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TokenIssuer;
import org.templatevault.testing.VaultClient;

/** Every method of the API with every role and with nobody, against what is written here by hand. */
class RoleIT {
    private static final List<String> ROLES =
            List.of("enroller", "reader", "eraser", "key-custodian", "approver", "auditor", "operator");

    private static final Map<String, Set<String>> MATRIX = matrix("""
            POST   /subjects                                        enroller
            POST   /subjects:search                                 enroller reader eraser
            GET    /subjects/{subject}                              enroller reader eraser auditor
            DELETE /subjects/{subject}                              eraser
            POST   /subjects/{subject}/templates                    enroller
            GET    /subjects/{subject}/templates                    enroller reader eraser
            GET    /subjects/{subject}/templates/{template}         enroller reader eraser
            GET    /subjects/{subject}/templates/{template}/content reader
            GET    /subjects/{subject}/templates/{template}/versions enroller reader eraser
            PUT    /subjects/{subject}/templates/{template}         enroller
            DELETE /subjects/{subject}/templates/{template}         eraser
            POST   /templates:batchStore                            enroller
            POST   /templates:batchGet                              reader
            POST   /templates:batchDelete                           eraser
            GET    /keys                                            key-custodian operator approver auditor
            GET    /keys/{version}                                  key-custodian operator approver auditor
            POST   /rotations                                       key-custodian
            GET    /rotations                                       key-custodian operator approver auditor
            GET    /rotations/{rotation}                            key-custodian operator approver auditor
            PATCH  /rotations/{rotation}                            key-custodian operator
            POST   /rotations/{rotation}:pause                      key-custodian operator
            POST   /rotations/{rotation}:resume                     key-custodian operator
            POST   /rotations/{rotation}:cancel                     key-custodian
            GET    /quarantine                                      auditor operator
            POST   /quarantine/{row}:retry                          operator
            POST   /quarantine/{row}:release                        key-custodian
            GET    /keys/{version}/usage                            key-custodian operator approver auditor
            POST   /keys/{version}:destroy                          key-custodian
            GET    /keys/{version}/destruction                      key-custodian operator approver auditor
            GET    /keys/{version}/certificate                      key-custodian operator approver auditor
            POST   /keys/{version}/exposure                         key-custodian
            GET    /keys/{version}/exposure                         key-custodian auditor
            GET    /keys/restorable-since                           key-custodian operator approver auditor
            GET    /approvals                                       key-custodian operator approver auditor
            GET    /approvals/{approval}                            key-custodian operator approver auditor
            POST   /approvals/{approval}:approve                    approver
            POST   /approvals/{approval}:reject                     approver
            POST   /approvals/{approval}:cancel                     approver key-custodian eraser operator
            GET    /copies                                          key-custodian operator approver auditor
            POST   /copies                                          operator
            GET    /schedules                                       key-custodian operator approver auditor
            PUT    /schedules/rotation                              operator
            PUT    /schedules/retention                             operator
            GET    /erasures/{erasure}                              eraser auditor
            GET    /audit                                           auditor
            GET    /audit/export                                    auditor
            GET    /audit/checkpoints                               auditor operator
            GET    /audit/keys                                      auditor operator
            POST   /audit:verify                                    auditor
            GET    /audit/retention                                 auditor operator
            POST   /audit/months/{month}:drop                       operator
            POST   /erasures                                        eraser
            GET    /erasures/bulk                                   eraser auditor operator
            GET    /erasures/bulk/{bulk}                            eraser auditor operator
            PATCH  /erasures/bulk/{bulk}                            eraser operator
            GET    /erasures/bulk/{bulk}/receipts                   eraser auditor
            GET    /erasures/bulk/{bulk}/left                       eraser auditor
            POST   /erasures/bulk/{bulk}:pause                      eraser operator
            POST   /erasures/bulk/{bulk}:resume                     eraser operator
            POST   /erasures/bulk/{bulk}:cancel                     eraser
            GET    /policies              enroller reader eraser key-custodian approver auditor operator
            GET    /policies/{policy}     enroller reader eraser key-custodian approver auditor operator
            GET    /policies/{policy}/versions enroller reader eraser key-custodian approver auditor operator
            PUT    /policies/{policy}                               eraser
            GET    /public/retention-policy enroller reader eraser key-custodian approver auditor operator
            POST   /subjects/{subject}:interaction                  enroller reader
            PUT    /subjects/{subject}/policy                       eraser
            GET    /subjects/{subject}/hold                         eraser auditor
            PUT    /subjects/{subject}/hold                         eraser
            DELETE /subjects/{subject}/hold                         eraser
            POST   /subjects/{subject}/templates/{template}/versions/{version}:restore enroller
            POST   /templates:outdated                              auditor operator
            GET    /erasures                                        auditor
            POST   /erasures:reapply                                eraser
            GET    /erasures:reapply                                eraser auditor
            GET    /standing-policies                               key-custodian operator approver auditor
            POST   /standing-policies                               key-custodian
            GET    /erasures/recent                                 eraser auditor
            GET    /holds                                           eraser auditor
            GET    /overview                   operator key-custodian approver auditor eraser
            GET    /jobs                       operator key-custodian approver auditor eraser
            POST   /copies/{copy}:destroyed                         operator
            """);

    private static Map<String, Set<String>> matrix(String text) {
        Map<String, Set<String>> matrix = new TreeMap<>();
        text.lines().forEach(line -> {
            String[] words = line.trim().split("\\s+");
            matrix.put(
                    words[0] + " " + words[1], Set.copyOf(Arrays.asList(words).subList(2, words.length)));
        });
        return matrix;
    }

    /** One method of a resource, as it is called. */
    record Endpoint(String method, String path, String mediaType) {
        String name() {
            return method + " " + path;
        }

        String concrete() {
            return concrete(UUID.randomUUID(), UUID.randomUUID());
        }

        String concrete(UUID subject, UUID template) {
            return path.replace("{subject}", subject.toString())
                    .replace("{template}", template.toString())
                    .replace("{version}", "1")
                    .replace("{month}", "2016-01")
                    .replace("{policy}", "default")
                    .replaceAll("\\{\\w+}", UUID.randomUUID().toString());
        }
    }

    static List<Endpoint> endpoints() {
        List<Endpoint> endpoints = new ArrayList<>();
        for (JavaClass type : new ClassFileImporter().importPackages("org.templatevault")) {
            if (type.isAnnotatedWith(Path.class)) {
                for (Method method : type.reflect().getDeclaredMethods()) {
                    Arrays.stream(method.getAnnotations())
                            .map(annotation -> annotation.annotationType().getAnnotation(HttpMethod.class))
                            .filter(java.util.Objects::nonNull)
                            .forEach(http -> endpoints.add(endpoint(type.reflect(), method, http.value())));
                }
            }
        }
        return endpoints;
    }

    private static Endpoint endpoint(Class<?> type, Method method, String http) {
        String path = pattern(type.getAnnotation(Path.class)) + pattern(method.getAnnotation(Path.class));
        Consumes consumes = annotation(Consumes.class, method, type);
        return new Endpoint(http, path, consumes == null ? "application/json" : consumes.value()[0]);
    }

    private static <A extends Annotation> A annotation(Class<A> wanted, Method method, Class<?> type) {
        return method.isAnnotationPresent(wanted) ? method.getAnnotation(wanted) : type.getAnnotation(wanted);
    }

    private static String pattern(Path path) {
        if (path == null) {
            return "";
        }
        StringBuilder pattern = new StringBuilder();
        int depth = 0;
        boolean name = false;
        for (char c : path.value().toCharArray()) {
            depth += c == '{' ? 1 : 0;
            name = depth == 0 || (depth == 1 && c == '{') || (name && c != ':' && c != ' ');
            if (name || (depth == 1 && c == '}')) {
                pattern.append(c);
            }
            depth -= c == '}' ? 1 : 0;
        }
        return pattern.toString();
    }

    private static Answer call(VaultClient client, Endpoint endpoint) {
        var call = client.call(endpoint.method(), endpoint.concrete());
        boolean hasBody = !endpoint.method().equals("GET") && !endpoint.method().equals("DELETE");
        return hasBody ? call.body(endpoint.mediaType(), new byte[] {'{'}).send() : call.send();
    }

    @Test
    void namesEveryMethodInTheMatrixAndNoOther() {
        Set<String> found = endpoints().stream().map(Endpoint::name).collect(Collectors.toCollection(TreeSet::new));
        assertEquals(new TreeSet<>(MATRIX.keySet()), found);
    }

    private static VaultClient withToken(JsonObject claims) {
        return SharedVault.server()
                .client()
                .withAuthorization(SharedVault.issuer().bearer(claims));
    }

    @Test
    void letsEachRoleDoWhatTheMatrixSaysAndNothingElse() {
        compareWithTheMatrix(SharedVault::as);
    }

    @Test
    void letsEachRoleOfATokenDoWhatTheMatrixSaysAndNothingElse() {
        compareWithTheMatrix(role -> withToken(TokenIssuer.claims("somebody", role)));
    }

    /** In a session the same, but for the bytes of templates. */
    @Test
    void letsEachRoleOfASessionDoWhatTheMatrixSaysAndReadNoContent() {
        Map<String, VaultClient> sessions = ROLES.stream()
                .collect(Collectors.toMap(
                        role -> role, role -> SharedVault.server().client().inSession(role)));
        Map<String, Set<String>> matrix = new TreeMap<>(MATRIX);
        matrix.put("GET /subjects/{subject}/templates/{template}/content", Set.of());
        matrix.put("POST /templates:batchGet", Set.of());
        compare(matrix, sessions::get);
    }

    private static void compareWithTheMatrix(Function<String, VaultClient> signIn) {
        compare(MATRIX, signIn);
    }

    private static void compare(Map<String, Set<String>> matrix, Function<String, VaultClient> signIn) {
        for (Endpoint endpoint : endpoints()) {
            Set<String> allowed = new TreeSet<>();
            for (String role : ROLES) {
                Answer answer = call(signIn.apply(role), endpoint);
                if (answer.status() == 403) {
                    boolean content =
                            MATRIX.getOrDefault(endpoint.name(), Set.of()).contains(role);
                    answer.problem(403, content ? "content-refused" : "forbidden");
                } else {
                    assertTrue(answer.status() != 401 && answer.status() < 500, endpoint + " " + answer);
                    allowed.add(role);
                }
            }
            assertEquals(new TreeSet<>(matrix.getOrDefault(endpoint.name(), Set.of())), allowed, endpoint::toString);
        }
    }

    @Test
    void letsNobodyDoAnythingButReadThePublishedRetentionSchedule() {
        for (Endpoint endpoint : endpoints()) {
            Answer answer = call(SharedVault.server().client(), endpoint);
            if (endpoint.name().equals("GET /public/retention-policy")) {
                answer.expect(200);
            } else {
                answer.problem(401, "not-signed-in");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Basic",
                "Basic !",
                "Basic cmVhZGVy",
                "Basic cmVhZGVyOg==",
                "Basic OnJlYWRlcg==",
                "Bearer",
                "Bearer x.y.z",
                "Bearer eyJhbGciOiJub25lIn0.eyJncm91cHMiOlsicmVhZGVyIl0sInN1YiI6ImEifQ.",
                "Digest username=\"reader\"",
                "c4n4ry"
            })
    void letsNobodyInWithAWrongHeader(String header) {
        Answer answer = SharedVault.server()
                .client()
                .withAuthorization(header)
                .get("/subjects/" + UUID.randomUUID())
                .send();
        answer.problem(401);
        assertFalse(answer.text().contains("c4n4ry"));
        assertFalse(answer.text().toLowerCase(java.util.Locale.ROOT).contains("cwwk"), answer::toString);
    }

    @Test
    void refusesAWrongPasswordAndAnUnknownUserAlike() {
        Answer wrong = SharedVault.server()
                .client()
                .withPassword("reader", "wrong")
                .get("/subjects/" + UUID.randomUUID())
                .send();
        Answer unknown = SharedVault.server()
                .client()
                .withPassword("nobody", "wrong")
                .get("/subjects/" + UUID.randomUUID())
                .send();
        assertEquals(wrong.problem(401).getString("code"), unknown.problem(401).getString("code"));
    }

    @Test
    void takesTheUnionOfATokensGroupsAndNoneFromATokenWithoutThem() {
        String keys = "/keys";
        withToken(TokenIssuer.claims("somebody", "reader", "auditor"))
                .get(keys)
                .send()
                .expect(200);
        withToken(TokenIssuer.claims("somebody")).get(keys).send().problem(403, "forbidden");
        withToken(TokenIssuer.claims("somebody", "nobody", "system"))
                .get(keys)
                .send()
                .problem(403, "forbidden");
    }

    @Test
    void refusesATokenThatIsNotForThisVaultOrNotOfItsIssuer() {
        JsonObject right = TokenIssuer.claims("auditor", "auditor");
        long now = Instant.now().getEpochSecond();
        withToken(right).get("/keys").send().expect(200);
        List<JsonObject> wrong = List.of(
                changed(right, "iss", Json.createValue("https://other.test")),
                changed(right, "aud", Json.createValue("another-vault")),
                changed(right, "exp", Json.createValue(now - 3600)),
                changed(right, "nbf", Json.createValue(now + 3600)));
        for (JsonObject claims : wrong) {
            withToken(claims).get("/keys").send().problem(401);
        }
        SharedVault.server()
                .client()
                .withAuthorization(TokenIssuer.create().bearer(right))
                .get("/keys")
                .send()
                .problem(401);
    }

    private static JsonObject changed(JsonObject claims, String name, JsonValue value) {
        return Json.createObjectBuilder(claims).add(name, value).build();
    }

    @Test
    void doesNotLetTheServersOwnUserIntoTheApi() {
        Answer answer = SharedVault.server()
                .client()
                .withPassword("system", "system")
                .get("/keys")
                .send();
        answer.problem(401);
    }
}
