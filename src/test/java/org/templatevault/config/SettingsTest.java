package org.templatevault.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsTest {
    private static final String SECRET = "s3cr3t-c4n4ry";

    private final Map<String, String> given = new HashMap<>(Map.of(
            "VAULT_DB_URL", "jdbc:postgresql://db.example/vault",
            "VAULT_DB_USER", "vault_app",
            "VAULT_DB_PASSWORD", SECRET,
            "VAULT_KEYSTORE_FILE", "/keys/root.p12",
            "VAULT_KEYSTORE_PASSWORD", SECRET,
            "VAULT_TLS_KEYSTORE_FILE", "/keys/tls.p12",
            "VAULT_TLS_KEYSTORE_PASSWORD", SECRET));

    private Settings read() {
        return Settings.read(name -> Optional.ofNullable(given.get(name)));
    }

    private String refusal() {
        String message = String.valueOf(
                assertThrows(InvalidSettingsException.class, this::read).getMessage());
        assertFalse(message.contains(SECRET), message);
        return message;
    }

    @Test
    void needsNothingButDatabaseAndKeyStores() {
        Settings settings = read();
        assertEquals(256 << 10, settings.templateMaxBytes());
        assertEquals(32L << 20, settings.subjectMaxBytes());
        assertEquals(10, settings.versionsKept());
        assertEquals("CHACHA20_POLY1305", settings.dataSuite());
        assertEquals(Set.of("verification", "identification", "migration", "support"), settings.purposes());
        assertFalse(settings.keyStoreFile().orElseThrow().create());
        assertTrue(settings.formats().contains("OPAQUE"));
        assertFalse(settings.toString().contains(SECRET));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "VAULT_DB_URL",
                "VAULT_DB_USER",
                "VAULT_DB_PASSWORD",
                "VAULT_KEYSTORE_FILE",
                "VAULT_KEYSTORE_PASSWORD",
                "VAULT_TLS_KEYSTORE_FILE",
                "VAULT_TLS_KEYSTORE_PASSWORD"
            })
    void namesTheSettingThatIsMissingOrBlank(String name) {
        given.remove(name);
        assertTrue(refusal().startsWith(name + " is not set"), this::refusal);
        given.put(name, "  ");
        assertTrue(refusal().startsWith(name + " is not set"), this::refusal);
    }

    @ParameterizedTest
    @CsvSource({
        "VAULT_ERASURE_VACUUM_MINUTES,-1",
        "VAULT_ERASURE_VACUUM_MINUTES,43201",
        "VAULT_TEMPLATE_MAX_BYTES,abc",
        "VAULT_TEMPLATE_MAX_BYTES,0",
        "VAULT_TEMPLATE_MAX_BYTES,-1",
        "VAULT_TEMPLATE_MAX_BYTES,8388609",
        "VAULT_TEMPLATE_MAX_BYTES,1e3",
        "VAULT_TEMPLATE_MAX_BYTES,99999999999999999999",
        "VAULT_SUBJECT_MAX_BYTES,1023",
        "VAULT_SUBJECT_MAX_BYTES,1g",
        "VAULT_VERSIONS_KEPT,0",
        "VAULT_VERSIONS_KEPT,1001",
        "VAULT_DATA_SUITE,AES_128_GCM",
        "VAULT_DATA_SUITE,aes_256_gcm",
        "VAULT_KEYSTORE,hsm",
        "VAULT_KEYSTORE,File",
        "VAULT_KEYSTORE_CREATE,yes",
        "VAULT_KEYSTORE_CREATE,TRUE",
        "VAULT_FORMATS,lower",
        "VAULT_FORMATS,'GOOD,no good'",
        "VAULT_PURPOSES,Verification",
        "VAULT_PURPOSES,'a,,b'",
        "VAULT_REASONS,a b",
        "VAULT_DB_WAIT_SECONDS,601",
        "VAULT_DB_WAIT_SECONDS,-1",
        "VAULT_HTTPS_PORT,0",
        "VAULT_HTTPS_PORT,65536",
        "VAULT_DB_POOL_SIZE,3",
        "VAULT_AUDIT_CHECKPOINT_SYSLOG,logs.example",
        "VAULT_AUDIT_CHECKPOINT_SYSLOG,tcp://logs.example:6514",
        "VAULT_AUDIT_CHECKPOINT_SYSLOG,tls://logs.example/x:6514",
        "VAULT_AUDIT_CHECKPOINT_CA_FILE,/etc/logs.pem",
        "VAULT_DB_URL,jdbc:mysql://db/vault",
        "VAULT_DB_URL,postgresql://db/vault"
    })
    void namesTheSettingThatIsWrong(String name, String value) {
        given.put(name, value);
        assertTrue(refusal().startsWith(name + " "), this::refusal);
    }

    @ParameterizedTest
    @CsvSource({
        "VAULT_TEMPLATE_MAX_BYTES,1",
        "VAULT_TEMPLATE_MAX_BYTES,8388608",
        "VAULT_VERSIONS_KEPT,1000",
        "VAULT_DATA_SUITE,AES_256_GCM",
        "VAULT_KEYSTORE_CREATE,true",
        "VAULT_DB_WAIT_SECONDS,0",
        "VAULT_HTTPS_PORT,65535",
        "VAULT_AUDIT_CHECKPOINT_SYSLOG,logs.example:514",
        "VAULT_AUDIT_CHECKPOINT_SYSLOG,tls://logs.example:6514"
    })
    void takesTheLimits(String name, String value) {
        given.put(name, " " + value + " ");
        read();
    }

    private void giveToken() {
        given.put("VAULT_PKCS11_LIBRARY", "/usr/lib/vendor/libpkcs11.so");
        given.put("VAULT_PKCS11_TOKEN", "vault");
        given.put("VAULT_PKCS11_PIN", SECRET);
    }

    @ParameterizedTest
    @ValueSource(strings = {"VAULT_PKCS11_LIBRARY", "VAULT_PKCS11_TOKEN", "VAULT_PKCS11_PIN"})
    void wantsTheWholeTokenWhereItIsTheKeyStoreOrNamedAtAll(String name) {
        giveToken();
        given.remove(name);
        assertTrue(refusal().startsWith(name + " is not set"), this::refusal);
        given.put("VAULT_KEYSTORE", "token");
        assertTrue(refusal().startsWith(name + " is not set"), this::refusal);
    }

    @ParameterizedTest
    @CsvSource({
        "VAULT_PKCS11_LIBRARY,libpkcs11.so",
        "VAULT_PKCS11_LIBRARY,'/a\"b.so'",
        "VAULT_PKCS11_LIBRARY,'/${a}.so'",
        "VAULT_PKCS11_TOKEN,a label that is longer than a token's",
        "VAULT_PKCS11_TOKEN,schlüssel"
    })
    void namesTheTokensSettingThatIsWrong(String name, String value) {
        giveToken();
        given.put(name, value);
        assertTrue(refusal().startsWith(name + " must be "), this::refusal);
    }

    @Test
    void needsNoFileWhereTheTokenIsTheKeyStore() {
        giveToken();
        given.put("VAULT_KEYSTORE", "token");
        given.remove("VAULT_KEYSTORE_FILE");
        assertTrue(refusal().startsWith("VAULT_KEYSTORE_FILE is not set"), this::refusal);
        given.remove("VAULT_KEYSTORE_PASSWORD");
        assertTrue(read().keyStoreFile().isEmpty());
        assertFalse(read().toString().contains(SECRET));
    }

    @Test
    void refusesAPasswordInsideTheDatabaseUrlWithoutRepeatingIt() {
        given.put("VAULT_DB_URL", "jdbc:postgresql://db.example/vault?user=a&password=" + SECRET);
        assertTrue(refusal().contains("VAULT_DB_PASSWORD"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"VAULT_DB_OWNER", "VAULT_DB_OWNER_PASSWORD"})
    void wantsTheOwnerWithItsPassword(String name) {
        given.put(name, SECRET);
        assertTrue(refusal().contains("VAULT_DB_OWNER and VAULT_DB_OWNER_PASSWORD"));
    }

    @Test
    void reportsEveryProblemOfOneStart() {
        given.remove("VAULT_DB_PASSWORD");
        given.put("VAULT_TEMPLATE_MAX_BYTES", "abc");
        given.put("VAULT_DATA_SUITE", "NONE");
        given.put("VAULT_REASONS", "!");
        String refusal = refusal();
        for (String name :
                List.of("VAULT_DB_PASSWORD", "VAULT_TEMPLATE_MAX_BYTES", "VAULT_DATA_SUITE", "VAULT_REASONS")) {
            assertTrue(refusal.contains(name), refusal);
        }
    }

    @Test
    void addsFormatsToTheKnownOnes() {
        given.put("VAULT_FORMATS", "ACME_V1, ACME_V2");
        assertTrue(read().formats().containsAll(Set.of("ACME_V1", "ACME_V2", "ISO_19794_2_2005")));
    }

    @Test
    void wantsTheRegistryThatItNames() {
        given.put("VAULT_REGISTRY_FILE", "/nowhere/registry.xml");
        assertTrue(refusal().contains("VAULT_REGISTRY_FILE cannot be read: /nowhere/registry.xml"));
        given.put("VAULT_REGISTRY_FILE", "README.md");
        read();
    }

    @Test
    void wantsAllOfAnOpenIdProviderOrNothing() {
        assertFalse(read().openId());
        given.put("VAULT_OIDC_CLIENT_SECRET", SECRET);
        assertTrue(refusal().contains("VAULT_OIDC_CLIENT_SECRET is set, but VAULT_OIDC is not on"));
        given.put("VAULT_OIDC", "on");
        given.put("VAULT_OIDC_DISCOVERY_URL", "http://issuer.example/");
        String message = refusal();
        assertTrue(message.contains("VAULT_OIDC_CLIENT_ID is not set"), message);
        assertTrue(message.contains("VAULT_OIDC_DISCOVERY_URL must begin with https://"), message);
        assertTrue(message.contains("VAULT_OIDC must be a variable of the environment"), message);
        given.put("VAULT_OIDC_CLIENT_ID", "vault");
        given.put("VAULT_OIDC_DISCOVERY_URL", "https://issuer.example/.well-known/openid-configuration");
        given.put("vault.openid", "on");
        assertTrue(read().openId());
    }

    @Test
    void wantsACollectorWhereTracesAreOnAndNoneWhereTheyAreOff() {
        given.put("VAULT_OTLP_ENDPOINT", "http://collector.example:4318");
        assertTrue(refusal().contains("VAULT_OTLP_ENDPOINT is set, but VAULT_TRACING is not on"), this::refusal);
        given.put("VAULT_TRACING", "yes");
        assertTrue(refusal().contains("VAULT_TRACING must be one of [off, on]"), this::refusal);
        given.put("VAULT_TRACING", "on");
        assertTrue(refusal().contains("VAULT_TRACING must be a variable of the environment"), this::refusal);
        given.put("vault.tracing", "on");
        read();
        given.put("VAULT_OTLP_ENDPOINT", "https://collector.example/otlp/");
        read();
        given.remove("VAULT_OTLP_ENDPOINT");
        assertTrue(refusal().contains("VAULT_OTLP_ENDPOINT is not set"), this::refusal);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "collector.example:4318",
                "grpc://collector.example:4317",
                "http://",
                "http://somebody:" + SECRET + "@collector.example:4318",
                "http://collector.example:4318/?key=" + SECRET,
                "http://collector.example:4318/#there",
                "http://collector.example 4318"
            })
    void refusesACollectorThatIsNoHttpAddressWithoutRepeatingIt(String address) {
        given.put("VAULT_TRACING", "on");
        given.put("vault.tracing", "on");
        given.put("VAULT_OTLP_ENDPOINT", address);
        assertTrue(refusal().contains("VAULT_OTLP_ENDPOINT must be an http or https address"), this::refusal);
    }

    @Test
    void keepsPeopleSignedInForAQuarterOfAnHourAndAtMostAShift() {
        assertEquals(new SessionLimits(Duration.ofMinutes(15), Duration.ofHours(8)), read().sessions());
        given.put("VAULT_SESSION_IDLE_SECONDS", "601");
        given.put("VAULT_SESSION_MAX_SECONDS", "600");
        assertTrue(refusal().contains("VAULT_SESSION_IDLE_SECONDS must not be more than VAULT_SESSION_MAX_SECONDS"));
    }
}
