package org.templatevault.config;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * The settings of this node. Each is an environment variable (or a server variable, or a file in a directory of
 * {@code VARIABLE_SOURCE_DIRS}) of the name given here.
 *
 * @param databaseUrl {@code VAULT_DB_URL}
 * @param databaseUser {@code VAULT_DB_USER}, the application's role
 * @param databaseOwner {@code VAULT_DB_OWNER}, the role that migrates at the start; absent when an operator does it
 * @param databaseOwnerPassword {@code VAULT_DB_OWNER_PASSWORD}
 * @param tlsKeyStoreFile {@code VAULT_TLS_KEYSTORE_FILE}, a PKCS#12 file with the server's certificate
 * @param tlsKeyStorePassword {@code VAULT_TLS_KEYSTORE_PASSWORD}
 * @param keyStore {@code VAULT_KEYSTORE}: where new root keys are made, {@code file} or {@code token}
 * @param keyStoreFile present when {@code keyStore} is {@code file}; otherwise for key versions made before
 * @param keyStoreToken present when {@code keyStore} is {@code token}; otherwise for key versions made before
 * @param nodeName {@code VAULT_NODE}, unlike every other node's
 * @param templateMaxBytes {@code VAULT_TEMPLATE_MAX_BYTES}, bytes of one template
 * @param subjectMaxBytes {@code VAULT_SUBJECT_MAX_BYTES}, bytes of ciphertext of one subject
 * @param versionsKept {@code VAULT_VERSIONS_KEPT}, versions of one template
 * @param dataSuite {@code VAULT_DATA_SUITE}, the suite of new data encryption keys
 * @param formats {@code VAULT_FORMATS}: names of template formats beside the known ones
 * @param purposes {@code VAULT_PURPOSES}: what a read of content may be for
 * @param interactionPurposes {@code VAULT_INTERACTION_PURPOSES}: those for which the person is there
 * @param policyNoticeDays {@code VAULT_POLICY_NOTICE_DAYS}: from a policy's publication to the first erasure by it
 * @param reasons {@code VAULT_REASONS}: what a deletion may be for
 * @param rotationPartitions {@code VAULT_ROTATION_PARTITIONS}: threads of one rotation
 * @param databaseWaitSeconds {@code VAULT_DB_WAIT_SECONDS}: how long the start waits for the database
 * @param approvalWaitMinutes {@code VAULT_APPROVAL_WAIT_MINUTES}: from an approval to what it approves
 * @param approvalExpiryHours {@code VAULT_APPROVAL_EXPIRY_HOURS}: from a request to its end if nobody carried it out
 * @param erasureVacuumMinutes {@code VAULT_ERASURE_VACUUM_MINUTES}: at least between two vacuums for erasures
 * @param backoffReadMillis {@code VAULT_BACKOFF_READ_MILLIS}: a rotation waits while reads take longer; 0 for never
 * @param backoffLagSeconds {@code VAULT_BACKOFF_LAG_SECONDS}: a rotation waits while a replica lags more; 0 for never
 * @param checkpoints where the audit trail's checkpoints go
 * @param auditRetentionMonths {@code VAULT_AUDIT_RETENTION_MONTHS}: the age from which a month of the trail can be given up
 * @param sessions how long somebody stays signed in to the console
 * @param openId {@code VAULT_OIDC}: whether people may sign in to the console by an OpenID provider
 */
public record Settings(
        String databaseUrl,
        String databaseUser,
        Optional<String> databaseOwner,
        Optional<String> databaseOwnerPassword,
        String tlsKeyStoreFile,
        String tlsKeyStorePassword,
        String keyStore,
        Optional<KeyStoreFile> keyStoreFile,
        Optional<KeyStoreToken> keyStoreToken,
        String nodeName,
        int templateMaxBytes,
        long subjectMaxBytes,
        int versionsKept,
        String dataSuite,
        Set<String> formats,
        Set<String> purposes,
        Set<String> interactionPurposes,
        int policyNoticeDays,
        Set<String> reasons,
        int rotationPartitions,
        int databaseWaitSeconds,
        int approvalWaitMinutes,
        int approvalExpiryHours,
        int erasureVacuumMinutes,
        int backoffReadMillis,
        int backoffLagSeconds,
        CheckpointTargets checkpoints,
        int auditRetentionMonths,
        SessionLimits sessions,
        boolean openId) {
    /** No setting can raise the size of a template above this many bytes. */
    public static final int HARD_TEMPLATE_MAX_BYTES = 8 << 20;

    /** The name of a node that was given none. */
    public static final String DEFAULT_NODE_NAME = "localhost";

    private static final List<String> KNOWN_FORMATS = List.of(
            "ISO_19794_2_2005",
            "ISO_19794_2_2011",
            "ISO_19794_4",
            "ISO_19794_5",
            "ISO_19794_6",
            "ISO_39794_2",
            "ANSI_378_2004",
            "ANSI_378_2009",
            "FLOAT32_VECTOR",
            "OPAQUE");
    private static final String NAME = "[a-z][a-z0-9-]{0,39}";

    /**
     * Reads and checks all settings.
     *
     * @param source a setting's value by its name
     * @throws InvalidSettingsException naming every setting that is missing or wrong
     */
    public static Settings read(Function<String, Optional<String>> source) {
        SettingsReader reader = new SettingsReader(source);
        Settings settings = new Settings(
                databaseUrl(reader),
                reader.required("VAULT_DB_USER", "the application's database role"),
                reader.optional("VAULT_DB_OWNER"),
                reader.optional("VAULT_DB_OWNER_PASSWORD"),
                reader.required("VAULT_TLS_KEYSTORE_FILE", "the PKCS#12 file with the server's certificate"),
                reader.required("VAULT_TLS_KEYSTORE_PASSWORD", "the password of VAULT_TLS_KEYSTORE_FILE"),
                keyStore(reader),
                keyStoreFile(reader),
                keyStoreToken(reader),
                reader.optional("VAULT_NODE").orElse(DEFAULT_NODE_NAME),
                (int) reader.number("VAULT_TEMPLATE_MAX_BYTES", 256 << 10, 1, HARD_TEMPLATE_MAX_BYTES),
                reader.number("VAULT_SUBJECT_MAX_BYTES", 32 << 20, 1 << 10, 256 << 20),
                (int) reader.number("VAULT_VERSIONS_KEPT", 10, 1, 1000),
                reader.oneOf("VAULT_DATA_SUITE", "CHACHA20_POLY1305", List.of("CHACHA20_POLY1305", "AES_256_GCM")),
                formats(reader),
                purposes(reader),
                interactionPurposes(reader),
                (int) reader.number("VAULT_POLICY_NOTICE_DAYS", 30, 0, 365),
                Set.copyOf(reader.names(
                        "VAULT_REASONS",
                        List.of("data-subject-request", "consent-withdrawn", "retention", "enrolment-error"),
                        NAME)),
                (int) reader.number("VAULT_ROTATION_PARTITIONS", 2, 1, 32),
                (int) reader.number("VAULT_DB_WAIT_SECONDS", 30, 0, 600),
                (int) reader.number("VAULT_APPROVAL_WAIT_MINUTES", 1440, 0, 43_200),
                (int) reader.number("VAULT_APPROVAL_EXPIRY_HOURS", 168, 1, 8_760),
                (int) reader.number("VAULT_ERASURE_VACUUM_MINUTES", 1440, 0, 43_200),
                (int) reader.number("VAULT_BACKOFF_READ_MILLIS", 0, 0, 60_000),
                (int) reader.number("VAULT_BACKOFF_LAG_SECONDS", 0, 0, 86_400),
                checkpoints(reader),
                (int) reader.number("VAULT_AUDIT_RETENTION_MONTHS", 120, 1, 1_200),
                SessionLimits.read(reader),
                openId(reader));
        if (settings.databaseOwner.isPresent() != settings.databaseOwnerPassword.isPresent()) {
            reader.refuse("VAULT_DB_OWNER and VAULT_DB_OWNER_PASSWORD belong together: set both or neither");
        }
        if (settings.approvalWaitMinutes >= settings.approvalExpiryHours * 60) {
            reader.refuse("VAULT_APPROVAL_WAIT_MINUTES must be less than VAULT_APPROVAL_EXPIRY_HOURS");
        }
        reader.required("VAULT_DB_PASSWORD", "the password of the application's database role");
        if (reader.optional("VAULT_JWT_ISSUER")
                        .filter(issuer -> !issuer.endsWith(".invalid"))
                        .isPresent()
                != reader.optional("VAULT_JWT_KEY_LOCATION").isPresent()) {
            reader.refuse("VAULT_JWT_ISSUER and VAULT_JWT_KEY_LOCATION belong together: set both or neither");
        }
        reader.optional("VAULT_REGISTRY_FILE")
                .filter(file -> !Files.isReadable(Path.of(file)))
                .ifPresent(file -> reader.refuse("VAULT_REGISTRY_FILE cannot be read: " + file));
        reader.number("VAULT_HTTPS_PORT", 9443, 1, 65535);
        long connections = reader.number("VAULT_DB_POOL_SIZE", 32, 4, 1000);
        if (settings.rotationPartitions > connections / 2) {
            reader.refuse(
                    "VAULT_ROTATION_PARTITIONS must be at most half of VAULT_DB_POOL_SIZE: each thread of a rotation"
                            + " keeps a connection");
        }
        if (settings.subjectMaxBytes < settings.templateMaxBytes) {
            reader.refuse("VAULT_SUBJECT_MAX_BYTES must not be less than VAULT_TEMPLATE_MAX_BYTES");
        }
        TraceTarget.check(reader);
        reader.check();
        return settings;
    }

    private static String databaseUrl(SettingsReader reader) {
        String url = reader.required("VAULT_DB_URL", "such as jdbc:postgresql://db.example/vault?sslmode=verify-full");
        if (!url.isEmpty() && !url.startsWith("jdbc:postgresql://")) {
            reader.refuse("VAULT_DB_URL must begin with jdbc:postgresql://");
        }
        if (url.contains("password=")) {
            reader.refuse("VAULT_DB_URL must not hold a password: set VAULT_DB_PASSWORD");
        }
        return url;
    }

    private static String keyStore(SettingsReader reader) {
        return reader.oneOf("VAULT_KEYSTORE", "file", List.of("file", "token"));
    }

    private static Optional<KeyStoreFile> keyStoreFile(SettingsReader reader) {
        boolean create = reader.flag("VAULT_KEYSTORE_CREATE");
        boolean wanted =
                !keyStore(reader).equals("token") || reader.any("VAULT_KEYSTORE_FILE", "VAULT_KEYSTORE_PASSWORD");
        return wanted
                ? Optional.of(new KeyStoreFile(
                        reader.required("VAULT_KEYSTORE_FILE", "the PKCS#12 file with the root keys"),
                        reader.required("VAULT_KEYSTORE_PASSWORD", "the password of the key store"),
                        create))
                : Optional.empty();
    }

    private static Optional<KeyStoreToken> keyStoreToken(SettingsReader reader) {
        boolean wanted = keyStore(reader).equals("token")
                || reader.any("VAULT_PKCS11_LIBRARY", "VAULT_PKCS11_TOKEN", "VAULT_PKCS11_PIN");
        return wanted
                ? Optional.of(new KeyStoreToken(
                        reader.matching(
                                "VAULT_PKCS11_LIBRARY", "the absolute path of the token's library", "/[^\"\\\\$]*"),
                        reader.matching("VAULT_PKCS11_TOKEN", "the token's label", "[ -~]{1,32}"),
                        reader.required("VAULT_PKCS11_PIN", "the PIN of the token's user")))
                : Optional.empty();
    }

    private static CheckpointTargets checkpoints(SettingsReader reader) {
        Optional<String> url = reader.optional("VAULT_AUDIT_CHECKPOINT_URL");
        if (url.filter(value -> !value.matches("https://[^/\\s@]+(/\\S*)?")).isPresent()) {
            reader.refuse("VAULT_AUDIT_CHECKPOINT_URL must be an https address without a password in it");
        }
        Optional<String> syslog = reader.optional("VAULT_AUDIT_CHECKPOINT_SYSLOG");
        if (syslog.filter(value -> !value.matches("(tls://)?[^\\s/]+:[1-9][0-9]{0,4}"))
                .isPresent()) {
            reader.refuse("VAULT_AUDIT_CHECKPOINT_SYSLOG must be a host and a port, such as logs.example:514"
                    + " or tls://logs.example:6514");
        }
        Optional<String> caFile = reader.optional("VAULT_AUDIT_CHECKPOINT_CA_FILE");
        boolean tlsHost =
                syslog.filter(value -> value.startsWith(CheckpointTargets.TLS)).isPresent();
        if (caFile.isPresent() && url.isEmpty() && !tlsHost) {
            reader.refuse("VAULT_AUDIT_CHECKPOINT_CA_FILE belongs to VAULT_AUDIT_CHECKPOINT_URL"
                    + " or to a tls:// VAULT_AUDIT_CHECKPOINT_SYSLOG: set it with one of them");
        }
        return new CheckpointTargets(reader.optional("VAULT_AUDIT_CHECKPOINT_FILE"), url, caFile, syslog);
    }

    /** The server itself reads the others; here they are only checked. */
    private static boolean openId(SettingsReader reader) {
        boolean on = reader.oneOf("VAULT_OIDC", "off", List.of("off", "on")).equals("on");
        List<String> others = List.of("VAULT_OIDC_DISCOVERY_URL", "VAULT_OIDC_CLIENT_ID", "VAULT_OIDC_CLIENT_SECRET");
        if (on) {
            others.forEach(name -> reader.required(name, "VAULT_OIDC is on"));
            if (!reader.optional("VAULT_OIDC_DISCOVERY_URL").orElse("https://").startsWith("https://")) {
                reader.refuse("VAULT_OIDC_DISCOVERY_URL must begin with https://");
            }
            if (reader.optional("vault.openid").isEmpty()) {
                reader.refuse("VAULT_OIDC must be a variable of the environment, nothing else");
            }
        } else {
            others.stream()
                    .filter(reader::any)
                    .forEach(name -> reader.refuse(name + " is set, but VAULT_OIDC is not on"));
        }
        return on;
    }

    private static Set<String> purposes(SettingsReader reader) {
        return Set.copyOf(reader.names(
                "VAULT_PURPOSES", List.of("verification", "identification", "migration", "support"), NAME));
    }

    private static Set<String> interactionPurposes(SettingsReader reader) {
        Set<String> purposes = purposes(reader);
        List<String> byDefault =
                Stream.of("verification").filter(purposes::contains).toList();
        List<String> chosen = reader.names("VAULT_INTERACTION_PURPOSES", byDefault, NAME);
        if (!purposes.containsAll(chosen)) {
            reader.refuse("VAULT_INTERACTION_PURPOSES holds a purpose that VAULT_PURPOSES does not have");
        }
        return Set.copyOf(chosen);
    }

    private static Set<String> formats(SettingsReader reader) {
        List<String> added = reader.names("VAULT_FORMATS", List.of(), "[A-Z][A-Z0-9_]{0,39}");
        return Set.copyOf(new LinkedHashSet<>(
                Stream.concat(KNOWN_FORMATS.stream(), added.stream()).toList()));
    }

    /** Everything but the passwords. */
    @Override
    public String toString() {
        return "Settings[databaseUrl=" + databaseUrl + ", databaseUser=" + databaseUser + ", keyStore=" + keyStore
                + ", " + keyStoreFile + ", " + keyStoreToken + ", nodeName=" + nodeName + "]";
    }
}
