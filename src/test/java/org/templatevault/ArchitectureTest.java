package org.templatevault;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import javax.crypto.Cipher;
import org.junit.jupiter.api.Test;
import org.templatevault.crypto.SecretBytes;

/** The arrows between the packages, and what only some of them may use. */
class ArchitectureTest {
    private static final String ROOT = "org.templatevault";

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(ROOT);

    /** Which packages each package may use; the arrows point one way. */
    private static final Map<String, Set<String>> ARROWS = Map.ofEntries(
            Map.entry("error", Set.of()),
            Map.entry("config", Set.of()),
            Map.entry("crypto", Set.of("error")),
            Map.entry("envelope", Set.of("crypto", "error")),
            Map.entry("persistence", Set.of("error")),
            Map.entry("keyring", Set.of("config", "crypto", "error", "persistence")),
            Map.entry("audit", Set.of()),
            Map.entry(
                    "trail",
                    Set.of(
                            "approval",
                            "audit",
                            "config",
                            "crypto",
                            "envelope",
                            "error",
                            "keyring",
                            "persistence",
                            "vault")),
            Map.entry("vault", Set.of("audit", "config", "crypto", "envelope", "error", "keyring", "persistence")),
            Map.entry("approval", Set.of("audit", "config", "error", "persistence")),
            Map.entry(
                    "rotation",
                    Set.of(
                            "approval",
                            "audit",
                            "config",
                            "crypto",
                            "envelope",
                            "error",
                            "job",
                            "keyring",
                            "persistence",
                            "trail",
                            "vault")),
            Map.entry("job", Set.of("audit", "config", "error", "keyring", "persistence", "vault")),
            Map.entry(
                    "retention",
                    Set.of("approval", "audit", "config", "error", "job", "keyring", "persistence", "trail", "vault")),
            Map.entry(
                    "destruction",
                    Set.of(
                            "approval",
                            "audit",
                            "config",
                            "envelope",
                            "error",
                            "job",
                            "keyring",
                            "persistence",
                            "vault")),
            Map.entry("console", Set.of("epoch", "keyring", "persistence", "retention", "rotation")),
            Map.entry("epoch", Set.of("audit", "destruction", "job", "keyring", "persistence", "rotation")),
            Map.entry(
                    "erasure",
                    Set.of("audit", "config", "destruction", "error", "job", "keyring", "persistence", "vault")),
            Map.entry(
                    "rest",
                    Set.of(
                            "approval",
                            "audit",
                            "config",
                            "console",
                            "destruction",
                            "envelope",
                            "epoch",
                            "erasure",
                            "error",
                            "persistence",
                            "retention",
                            "rotation",
                            "trail",
                            "vault")),
            Map.entry(
                    "session", Set.of("audit", "config", "crypto", "error", "keyring", "persistence", "rest", "trail")),
            Map.entry(
                    "startup",
                    Set.of(
                            "config",
                            "console",
                            "error",
                            "keyring",
                            "persistence",
                            "retention",
                            "rotation",
                            "trail",
                            "vault")),
            Map.entry("tracing", Set.of()),
            Map.entry("client", Set.of()),
            Map.entry("cli", Set.of("client")),
            Map.entry("embedded", Set.of("persistence")));

    private static String packageOf(JavaClass type) {
        String name = type.getPackageName();
        return name.startsWith(ROOT + ".") ? name.substring(ROOT.length() + 1) : "";
    }

    @Test
    void letsTheArrowsPointOneWay() {
        Set<String> wrong = new TreeSet<>();
        for (JavaClass type : CLASSES) {
            for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                String from = packageOf(type);
                String to = packageOf(dependency.getTargetClass().getBaseComponentType());
                boolean allowed = to.isEmpty()
                        || from.equals(to)
                        || ARROWS.getOrDefault(from, Set.of()).contains(to);
                if (!allowed) {
                    wrong.add(from + " -> " + to + ": " + dependency.getDescription());
                }
            }
        }
        assertEquals(Set.of(), wrong);
    }

    @Test
    void knowsEveryPackage() {
        Set<String> found = new TreeSet<>();
        CLASSES.forEach(type -> found.add(packageOf(type)));
        assertEquals(new TreeMap<>(ARROWS).keySet(), found);
    }

    @Test
    void keepsCryptoEnvelopeAndErrorsFreeOfTheServer() {
        noClasses()
                .that()
                .resideInAnyPackage(ROOT + ".crypto", ROOT + ".envelope", ROOT + ".error")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("jakarta..", "org.hibernate..", "org.eclipse.microprofile..", "java.sql..")
                .check(CLASSES);
    }

    @Test
    void keepsHttpInRestAndSession() {
        noClasses()
                .that()
                .resideOutsideOfPackages(ROOT + ".rest", ROOT + ".session")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("jakarta.ws.rs..", "jakarta.servlet..")
                .check(CLASSES);
    }

    /** The container's context does not know the callers of sessions; {@code rest.Caller} and the request do. */
    @Test
    void asksTheRequestWhoIsCalling() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAPackage("jakarta.security.enterprise..")
                .check(CLASSES);
    }

    /** Where traces are off, the server has none of these classes. */
    @Test
    void keepsOpenTelemetryInTracing() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + ".tracing")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.opentelemetry..", ROOT + ".tracing")
                .check(CLASSES);
    }

    @Test
    void keepsBatchJobsInRotationAndRetention() {
        noClasses()
                .that()
                .resideOutsideOfPackages(ROOT + ".job", ROOT + ".rotation", ROOT + ".retention")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("jakarta.batch..")
                .check(CLASSES);
    }

    @Test
    void drawsNoPredictableNumbers() {
        noClasses()
                .should()
                .callConstructor(Random.class)
                .orShould()
                .callConstructor(Random.class, long.class)
                .orShould()
                .callMethod(Math.class, "random")
                .check(CLASSES);
    }

    @Test
    void keepsThreadLocalRandomAwayFromSecrets() {
        noClasses()
                .that()
                .resideInAnyPackage(ROOT + ".crypto", ROOT + ".envelope", ROOT + ".keyring", ROOT + ".vault")
                .should()
                .dependOnClassesThat()
                .haveNameMatching("java\\.util\\.(concurrent\\.ThreadLocalRandom|SplittableRandom)")
                .check(CLASSES);
    }

    /** The time that it takes tells how far two arrays agree: {@code MessageDigest.isEqual} does not. */
    @Test
    void comparesNoSecretsByTheClock() {
        noClasses()
                .that()
                .resideInAnyPackage(ROOT + ".crypto", ROOT + ".envelope", ROOT + ".keyring", ROOT + ".vault")
                .should()
                .callMethod(Arrays.class, "equals", byte[].class, byte[].class)
                .check(CLASSES);
    }

    @Test
    void usesCiphersInCryptoOnly() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + ".crypto")
                .should()
                .dependOnClassesThat()
                .areAssignableTo(Cipher.class)
                .orShould()
                .dependOnClassesThat()
                .resideInAPackage("org.bouncycastle..")
                .check(CLASSES);
    }

    @Test
    void revealsSecretsInCryptoAndKeyringOnly() {
        noClasses()
                .that()
                .resideOutsideOfPackages(ROOT + ".crypto", ROOT + ".keyring")
                .should()
                .callMethod(SecretBytes.class, "reveal")
                .check(CLASSES);
    }

    @Test
    void printsNoStackTraces() {
        noClasses().should().callMethod(Throwable.class, "printStackTrace").check(CLASSES);
    }

    @Test
    void namesNothingAfterWhatItIsNot() {
        List<String> suffixes = List.of("Impl", "Util", "Utils", "Helper", "Manager", "Constants", "Dto", "Info");
        for (String suffix : suffixes) {
            noClasses().should().haveSimpleNameEndingWith(suffix).check(CLASSES);
        }
    }
}
