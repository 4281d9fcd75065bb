package org.templatevault.config;

import java.util.Optional;

/**
 * Where the audit trail's checkpoints go.
 *
 * @param file {@code VAULT_AUDIT_CHECKPOINT_FILE}: a file that they are appended to
 * @param url {@code VAULT_AUDIT_CHECKPOINT_URL}: an address that they are posted to
 * @param caFile {@code VAULT_AUDIT_CHECKPOINT_CA_FILE}: the certificates, as PEM, that the address, and a log host
 *     over TLS, are trusted by; without it those of the JVM
 * @param syslog {@code VAULT_AUDIT_CHECKPOINT_SYSLOG}: host and port that they are sent to, as datagrams, or
 *     over TLS where {@link #TLS} stands before them
 */
public record CheckpointTargets(
        Optional<String> file, Optional<String> url, Optional<String> caFile, Optional<String> syslog) {
    /** Begins a log host's address that is spoken to over TLS. */
    public static final String TLS = "tls://";
}
