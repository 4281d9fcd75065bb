package org.templatevault.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.Path;
import java.io.InputStream;
import java.lang.annotation.Annotation;
import java.lang.reflect.Method;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;

/** The OpenAPI document against the resources: neither may say what the other does not. */
class OpenApiTest {
    private static final Set<String> METHODS = Set.of("get", "post", "put", "patch", "delete");

    @Test
    void namesEveryOperationOfTheResourcesAndNoOther() throws Exception {
        assertEquals(implemented(), documented());
    }

    @Test
    void givesEveryOperationARefusalForThoseWhoAreNotSignedInOrNotAllowed() throws Exception {
        for (Map<?, ?> path : paths().values().stream().map(Map.class::cast).toList()) {
            path.forEach((method, operation) -> {
                if (METHODS.contains(String.valueOf(method)) && !isForEverybody((Map<?, ?>) operation)) {
                    Set<?> statuses =
                            ((Map<?, ?>) Objects.requireNonNull(((Map<?, ?>) operation).get("responses"))).keySet();
                    assertTrue(statuses.stream().map(String::valueOf).toList().contains("401"), () -> method + " 401");
                    assertTrue(statuses.stream().map(String::valueOf).toList().contains("403"), () -> method + " 403");
                }
            });
        }
    }

    private static boolean isForEverybody(Map<?, ?> operation) {
        return List.of().equals(operation.get("security"));
    }

    private static Map<String, ?> paths() throws Exception {
        try (InputStream document = OpenApiTest.class.getResourceAsStream("/openapi.yaml")) {
            Map<String, Map<String, ?>> yaml = new Yaml().load(document);
            return Objects.requireNonNull(yaml.get("paths"));
        }
    }

    private static Set<String> documented() throws Exception {
        Set<String> operations = new TreeSet<>();
        paths().forEach((path, item) -> ((Map<?, ?>) item)
                .keySet().stream()
                        .map(String::valueOf)
                        .filter(METHODS::contains)
                        .forEach(method -> operations.add(method + " " + path)));
        return operations;
    }

    private static Set<String> implemented() {
        Set<String> operations = new TreeSet<>();
        for (JavaClass type : new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages("org.templatevault.rest")) {
            Class<?> resource = type.reflect();
            Path root = resource.getAnnotation(Path.class);
            if (root != null) {
                for (Method method : resource.getDeclaredMethods()) {
                    add(operations, root, method);
                }
            }
        }
        return operations;
    }

    private static void add(Set<String> operations, Path root, Method method) {
        for (Annotation annotation : method.getAnnotations()) {
            HttpMethod verb = annotation.annotationType().getAnnotation(HttpMethod.class);
            if (verb != null) {
                Path sub = method.getAnnotation(Path.class);
                String path = root.value() + (sub == null ? "" : sub.value());
                operations.add(verb.value().toLowerCase(Locale.ROOT) + " "
                        + path.replaceAll("\\{(\\w+):(?:\\[[^]]*]|\\{[^}]*}|[^{}\\[])*?}(?=[/:]|$)", "{$1}"));
            }
        }
    }
}
