package org.templatevault.startup;

import jakarta.ejb.EJB;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Inject;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;
import org.eclipse.microprofile.health.Readiness;
import org.templatevault.keyring.KeyRings;
import org.templatevault.keyring.RootKeyWatch;
import org.templatevault.keyring.VersionKeys;
import org.templatevault.persistence.DatabaseFacts;

/** Health from outside: started, ready (database and key ring; the key stores as last seen), live. */
@ApplicationScoped
public class Health {
    @Inject
    DatabaseFacts database;

    @Inject
    KeyRings keyRings;

    @Inject
    VersionKeys versionKeys;

    @Inject
    RootKeyWatch rootKeys;

    @EJB
    Startup startup;

    @Produces
    @org.eclipse.microprofile.health.Startup
    @ApplicationScoped
    HealthCheck started() {
        return () ->
                HealthCheckResponse.named("started").status(startup.isStarted()).build();
    }

    @Produces
    @Readiness
    @ApplicationScoped
    HealthCheck databaseReady() {
        return () -> HealthCheckResponse.named("database")
                .status(database.connectionFailure().isEmpty())
                .build();
    }

    @Produces
    @Readiness
    @ApplicationScoped
    HealthCheck keyRingReady() {
        return () ->
                HealthCheckResponse.named("key-ring").status(keyRings.isReady()).build();
    }

    /**
     * Always up: a node whose key store is away goes on with the keys that it holds. {@code destroyedRootKeys} or
     * {@code missingRootKeys} other than 0 is an alarm; the log says which.
     */
    @Produces
    @Readiness
    @ApplicationScoped
    HealthCheck keyStoreReachable() {
        return () -> {
            var report = HealthCheckResponse.named("key-store").up();
            if (keyRings.isReady()) {
                versionKeys.keyStoresReachable().forEach(report::withData);
                report.withData("destroyedRootKeys", rootKeys.returned());
                report.withData("missingRootKeys", rootKeys.missing());
            }
            return report.build();
        };
    }

    @Produces
    @Liveness
    @ApplicationScoped
    HealthCheck live() {
        return () -> HealthCheckResponse.up("live");
    }
}
