package org.templatevault.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.Path;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the pages believe that a role may do, against what the server lets it do. */
class RolesModuleTest {
    private static final java.nio.file.Path CONSOLE = java.nio.file.Path.of("src/main/webapp/console/js");
    private static final Pattern LINE = Pattern.compile("(?m)^(GET|POST|PUT|PATCH|DELETE) +(/\\S+) +([a-z -]+)$");
    private static final Pattern ASKED = Pattern.compile("may\\(['`]([A-Z]+ /[^'`$]*)['`]\\)|needs: '([A-Z]+ /[^']*)'");

    private static Map<String, Set<String>> table() throws IOException {
        Map<String, Set<String>> table = new TreeMap<>();
        Matcher line = LINE.matcher(Files.readString(CONSOLE.resolve("roles.js")));
        while (line.find()) {
            table.put(
                    line.group(1) + " " + line.group(2),
                    new TreeSet<>(Arrays.asList(line.group(3).split(" "))));
        }
        return table;
    }

    private static Map<String, Set<String>> server() {
        Map<String, Set<String>> server = new TreeMap<>();
        for (JavaClass type : new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages("org.templatevault.rest")) {
            if (type.isAnnotatedWith(Path.class)) {
                Arrays.stream(type.reflect().getDeclaredMethods())
                        .filter(method -> method.isAnnotationPresent(RolesAllowed.class))
                        .forEach(method -> add(server, type.reflect().getAnnotation(Path.class), method));
            }
        }
        return server;
    }

    private static void add(Map<String, Set<String>> server, Path root, Method method) {
        Path sub = method.getAnnotation(Path.class);
        String path = root.value() + (sub == null ? "" : sub.value());
        String pattern = path.replaceAll("\\{(\\w+):(?:\\[[^]]*]|\\{[^}]*}|[^{}\\[])*?}(?=[/:]|$)", "{$1}");
        Set<String> roles = new TreeSet<>(
                Arrays.asList(method.getAnnotation(RolesAllowed.class).value()));
        Arrays.stream(method.getAnnotations())
                .map(annotation -> annotation.annotationType().getAnnotation(HttpMethod.class))
                .filter(java.util.Objects::nonNull)
                .forEach(verb -> server.put(verb.value() + " " + pattern, roles));
    }

    @Test
    void saysOfEveryCallWhatTheServerSays() throws Exception {
        Map<String, Set<String>> server = server();
        Map<String, Set<String>> table = table();
        assertTrue(table.size() > 40, table::toString);
        table.forEach((call, roles) -> assertEquals(server.get(call), roles, call));
    }

    @Test
    void hasALineForEverythingThatAPageAsksAbout() throws Exception {
        Set<String> asked = new TreeSet<>();
        try (Stream<java.nio.file.Path> files = Files.walk(CONSOLE)) {
            for (java.nio.file.Path file :
                    files.filter(path -> path.toString().endsWith(".js")).toList()) {
                ASKED.matcher(Files.readString(file))
                        .results()
                        .map(found -> found.group(1) == null ? found.group(2) : found.group(1))
                        .forEach(asked::add);
            }
        }
        assertTrue(asked.size() > 20, asked::toString);
        asked.removeAll(table().keySet());
        assertEquals(Set.of(), asked);
    }

    @Test
    void neverAsksForAPathThatGivesTemplates() throws Exception {
        try (Stream<java.nio.file.Path> files = Files.walk(CONSOLE)) {
            String all = files.filter(path -> path.toString().endsWith(".js"))
                    .map(RolesModuleTest::read)
                    .collect(Collectors.joining());
            for (String way : Set.of("/content", "batchGet", "batchStore", "X-Purpose")) {
                assertTrue(!all.contains(way), way);
            }
        }
    }

    /** The content security policy refuses these; here they do not even reach a browser. */
    @Test
    void makesNoMarkupOfText() throws Exception {
        try (Stream<java.nio.file.Path> files = Files.walk(CONSOLE.getParent())) {
            String all = files.filter(path -> path.toString().matches(".*\\.(js|html)"))
                    .map(RolesModuleTest::read)
                    .collect(Collectors.joining());
            for (String way :
                    Set.of("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", " style=")) {
                assertTrue(!all.contains(way), way);
            }
        }
    }

    private static String read(java.nio.file.Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
