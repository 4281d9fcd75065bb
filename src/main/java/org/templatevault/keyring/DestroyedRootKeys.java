package org.templatevault.keyring;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.templatevault.persistence.KeyVersions;

/**
 * Watches that the root keys of destroyed versions stay away. One that is in a key store again came with an old copy of
 * it; with that key, an old copy of the database opens.
 */
@ApplicationScoped
public class DestroyedRootKeys {
    private static final System.Logger LOG = System.getLogger(DestroyedRootKeys.class.getName());

    @Inject
    KeyVersions keyVersions;

    @Inject
    KeyRings keyRings;

    private volatile Map<Integer, String> present = Map.of();

    /**
     * Looks into the key stores; each root key that should not be there is logged once for as long as it is. A key store
     * that does not answer leaves things as they were.
     */
    public void look() {
        try {
            Map<Integer, String> found = found();
            Map<Integer, String> before = present;
            present = found;
            found.forEach((version, alias) -> {
                if (!before.containsKey(version)) {
                    LOG.log(
                            System.Logger.Level.ERROR,
                            "Alarm: the root key of the destroyed key version {0} is in the key store again: {1}",
                            version,
                            alias);
                }
            });
        } catch (KeyStoreUnavailableException e) {
            LOG.log(System.Logger.Level.DEBUG, "Not looked for destroyed root keys: {0}", e.getMessage());
        }
    }

    private Map<Integer, String> found() {
        Map<Integer, String> found = new TreeMap<>();
        Map<String, Set<String>> aliases = new HashMap<>();
        for (KeyVersions.Row row : keyVersions.all()) {
            if (row.destroyedAt() != null
                    && aliases.computeIfAbsent(row.keyStore(), keyRings::aliases)
                            .contains(row.rootKeyAlias())) {
                found.put(row.version(), row.rootKeyAlias());
            }
        }
        return found;
    }

    /** How many there were when the key stores were last looked at; 0 is right. */
    public int count() {
        return present.size();
    }
}
