package org.templatevault.config;

import java.util.List;

/** Settings that are missing or wrong; the message names each and never holds a secret's value. */
public final class InvalidSettingsException extends RuntimeException {
    /** @param problems one sentence for each setting, which begins with the setting's name */
    public InvalidSettingsException(List<String> problems) {
        super(String.join("; ", problems));
    }
}
