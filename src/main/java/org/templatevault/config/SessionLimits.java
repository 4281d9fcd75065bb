package org.templatevault.config;

import java.time.Duration;

/**
 * How long somebody stays signed in to the console.
 *
 * @param idle {@code VAULT_SESSION_IDLE_SECONDS}: without doing anything
 * @param longest {@code VAULT_SESSION_MAX_SECONDS}: whatever is done
 */
public record SessionLimits(Duration idle, Duration longest) {
    static SessionLimits read(SettingsReader reader) {
        SessionLimits limits = new SessionLimits(
                Duration.ofSeconds(reader.number("VAULT_SESSION_IDLE_SECONDS", 900, 5, 86_400)),
                Duration.ofSeconds(reader.number("VAULT_SESSION_MAX_SECONDS", 28_800, 5, 604_800)));
        if (limits.idle.compareTo(limits.longest) > 0) {
            reader.refuse("VAULT_SESSION_IDLE_SECONDS must not be more than VAULT_SESSION_MAX_SECONDS");
        }
        return limits;
    }
}
