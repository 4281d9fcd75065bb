package org.templatevault.config;

import java.util.Optional;

/**
 * Where the audit trail's checkpoints go.
 *
 * @param file {@code VAULT_AUDIT_CHECKPOINT_FILE}: a file that they are appended to
 * @param url {@code VAULT_AUDIT_CHECKPOINT_URL}: an address that they are posted to
 * @param caFile {@code VAULT_AUDIT_CHECKPOINT_CA_FILE}: the certificates, as PEM, that the address is trusted by; without
 *     it those of the JVM
 * @param syslog {@code VAULT_AUDIT_CHECKPOINT_SYSLOG}: host and port that they are sent to as datagrams
 */
public record CheckpointTargets(
        Optional<String> file, Optional<String> url, Optional<String> caFile, Optional<String> syslog) {}
