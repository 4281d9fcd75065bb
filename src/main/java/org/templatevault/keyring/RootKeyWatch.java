package org.templatevault.keyring;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
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
    VersionKeys versionKeys;

    @Inject
    SubjectCounts counts;

    /** The key stores that did not answer last, each of which the log has named. */
    private final Set<String> away = ConcurrentHashMap.newKeySet();

    private volatile Map<Integer, String> returned = Map.of();
    private volatile Map<Integer, String> missing = Map.of();

    /**
     * Looks into the key stores; each root key that is on the wrong side is logged once for as long as it is, and so is a
     * key store that does not answer. That one leaves things as they were.
     */
    public void look() {
        Map<Integer, String> back = new TreeMap<>();
        Map<Integer, String> absent = new TreeMap<>();
        Map<String, List<KeyVersions.Row>> byKeyStore =
                keyVersions.all().stream().collect(Collectors.groupingBy(KeyVersions.Row::keyStore));
        Set<Integer> needed = needed();
        byKeyStore.forEach((keyStore, versions) -> {
            try {
                look(keyStore, versions, needed, back, absent);
                away.remove(keyStore);
            } catch (KeyStoreUnavailableException e) {
                if (away.add(keyStore)) {
                    LOG.log(System.Logger.Level.WARNING, "Not looked for root keys: {0}", e.getMessage());
                }
                versions.forEach(row -> {
                    keep(row, returned, back);
                    keep(row, missing, absent);
                });
            }
        });
        tell(back, returned, "Alarm: the root key of the destroyed key version {0} is in the key store again: {1}");
        returned = back;
        tell(
                absent,
                missing,
                "Alarm: the root key of key version {0} is not in the key store: {1}. Nodes that run hold its key still; the"
                        + " next start is refused");
        missing = absent;
    }

    /** The versions without which the next start is refused: what wraps, and what a row needs. */
    private Set<Integer> needed() {
        Set<Integer> needed = new HashSet<>();
        keyVersions.all().stream()
                .filter(row -> row.state().equals("ACTIVE"))
                .forEach(row -> needed.add(row.version()));
        keyVersions.serviceKeys().forEach(row -> needed.add(row.kekVersion()));
        counts.byVersion().forEach((version, subjects) -> {
            if (subjects > 0) {
                needed.add(version);
            }
        });
        return needed;
    }

    private void look(
            String keyStore,
            List<KeyVersions.Row> versions,
            Set<Integer> needed,
            Map<Integer, String> back,
            Map<Integer, String> absent) {
        Set<String> aliases = versionKeys.aliases(keyStore);
        for (KeyVersions.Row row : versions) {
            boolean there = aliases.contains(row.rootKeyAlias());
            if (row.destroyedAt() != null && there) {
                back.put(row.version(), row.rootKeyAlias());
            } else if (row.destroyedAt() == null && !there && needed.contains(row.version())) {
                absent.put(row.version(), row.rootKeyAlias());
            }
        }
    }

    private static void keep(KeyVersions.Row row, Map<Integer, String> before, Map<Integer, String> now) {
        if (before.containsKey(row.version())) {
            now.put(row.version(), row.rootKeyAlias());
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
