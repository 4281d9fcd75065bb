package org.templatevault.config;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.ConfigProvider;

/** Makes this node's settings injectable; the first use reads and checks them. */
@ApplicationScoped
public class SettingsProducer {
    /**
     * The settings, the same for the life of the application.
     *
     * @throws InvalidSettingsException naming every setting that is missing or wrong
     */
    @Produces
    @Singleton
    public Settings settings() {
        Config config = ConfigProvider.getConfig();
        return Settings.read(name -> config.getOptionalValue(name, String.class));
    }
}
