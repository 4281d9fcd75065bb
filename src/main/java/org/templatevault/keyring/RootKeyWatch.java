package org.templatevault.keyring;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.templatevault.persistence.KeyVersions;
import org.templatevault.persistence.SubjectCounts;

/**
 * Watches that the root keys of destroyed versions stay away, and that those of the versions in use are there. One that is in a
 * key store again came with an old copy of it; with that key, an old copy of the database opens. One that is missing is
 * missed by nobody who holds its KEK already: without this look, not before the last node that does is stopped.
 */
@ApplicationScoped
public class RootKeyWatch {
    private static final System.Logger LOG = System.getLogger(RootKeyWatch.class.getName());

    @Inject
    KeyVersions keyVersions;

    @Inject
    KeyRings keyRings;

    @Inject
    SubjectCounts counts;

    private volatile Map<Integer, String> returned = Map.of();
    private volatile Map<Integer, String> missing = Map.of();

    /**
     * Looks into the key stores; each root key that is on the wrong side is logged once for as long as it is. A key store
     * that does not answer leaves things as they were.
     */
    public void look() {
        try {
            Map<Integer, String> present = new TreeMap<>();
            Map<Integer, String> absent = new TreeMap<>();
            Map<String, Set<String>> aliases = new HashMap<>();
            Map<Integer, Long> subjects = counts.byVersion();
            for (KeyVersions.Row row : keyVersions.all()) {
                boolean needed = row.wrapped() != null
                        && (row.state().equals("ACTIVE") || subjects.getOrDefault(row.version(), 0L) > 0);
                boolean destroyed = row.destroyedAt() != null;
                if (needed || destroyed) {
                    boolean there = aliases.computeIfAbsent(row.keyStore(), keyRings::aliases)
                            .contains(row.rootKeyAlias());
                    if (there == destroyed) {
                        (destroyed ? present : absent).put(row.version(), row.rootKeyAlias());
                    }
                }
            }
            tell(
                    present,
                    returned,
                    "Alarm: the root key of the destroyed key version {0} is in the key store again: {1}");
            returned = present;
            tell(
                    absent,
                    missing,
                    "Alarm: the root key of key version {0} is not in the key store: {1}. Nodes that run hold its key"
                            + " still; the next start is refused");
            missing = absent;
        } catch (KeyStoreUnavailableException e) {
            LOG.log(System.Logger.Level.DEBUG, "Not looked for root keys: {0}", e.getMessage());
        }
    }

    private static void tell(Map<Integer, String> found, Map<Integer, String> before, String words) {
        found.forEach((version, alias) -> {
            if (!before.containsKey(version)) {
                LOG.log(System.Logger.Level.ERROR, words, version, alias);
            }
        });
    }

    /** How many of destroyed versions were there when the key stores were last looked at; 0 is right. */
    public int returned() {
        return returned.size();
    }

    /** How many of versions that rows stand under were not there when the key stores were last looked at; 0 is right. */
    public int missing() {
        return missing.size();
    }
}
