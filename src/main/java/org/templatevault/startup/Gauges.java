package org.templatevault.startup;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.microprofile.metrics.Metadata;
import org.eclipse.microprofile.metrics.MetricRegistry;
import org.eclipse.microprofile.metrics.Tag;
import org.templatevault.console.Attention;
import org.templatevault.console.Overview;
import org.templatevault.keyring.RootKeyWatch;
import org.templatevault.persistence.AuditEntries;
import org.templatevault.persistence.Copies;
import org.templatevault.persistence.KeyVersions;
import org.templatevault.persistence.Quarantine;
import org.templatevault.persistence.Rotations;
import org.templatevault.persistence.SubjectCounts;
import org.templatevault.retention.OverdueCount;

/**
 * Figures of the whole vault, read from the database by the upkeep and never by a scrape: subjects by key version, the
 * progress of the open rotation, rows in quarantine, subjects kept too long.
 */
@ApplicationScoped
public class Gauges {
    private static final Set<String> PROGRESS = Set.of("total", "done", "remaining", "quarantined", "erased");

    @Inject
    MetricRegistry registry;

    @Inject
    SubjectCounts counts;

    @Inject
    Rotations rotations;

    @Inject
    Quarantine quarantine;

    @Inject
    Copies copies;

    @Inject
    RootKeyWatch rootKeys;

    @Inject
    OverdueCount overdue;

    @Inject
    AuditEntries entries;

    @Inject
    Overview overview;

    private final Map<Attention.Code, Long> attention = new ConcurrentHashMap<>();
    private final Map<Integer, Long> subjects = new ConcurrentHashMap<>();
    private final Map<String, Long> progress = new ConcurrentHashMap<>();
    private volatile long quarantined;
    private volatile long restorableSince;
    private volatile long wraps;
    private volatile long activeSince;
    private volatile long waitingSince;
    private volatile long readAt;

    /** Reads the figures anew. */
    public void read() {
        Map<Integer, Long> fresh = counts.byVersion();
        subjects.keySet().forEach(version -> subjects.put(version, 0L));
        fresh.forEach((version, count) -> {
            if (subjects.put(version, count) == null) {
                gauge(
                        "vault_subjects",
                        "Subjects by KEK version",
                        new Tag("key_version", version.toString()),
                        () -> subjects.getOrDefault(version, 0L));
            }
        });
        progress.replaceAll((name, value) -> 0L);
        rotations.open().ifPresent(this::readProgress);
        quarantined = quarantine.count();
        restorableSince = copies.oldestThatOpens()
                .map(copy -> copy.takenAt().getEpochSecond())
                .orElse(0L);
        waitingSince = entries.oldestWaiting().map(Instant::toEpochMilli).orElse(0L);
        readOverview(overview.look());
        readAt = System.currentTimeMillis();
        overdue.read(); // last: a look at every subject, which may take too long
    }

    private void readOverview(Overview.Seen seen) {
        attention.replaceAll((code, count) -> 0L);
        seen.attention().forEach(one -> attention.put(one.code(), one.count()));
        Optional<KeyVersions.Row> active = seen.picture().versions().stream()
                .filter(row -> row.state().equals("ACTIVE"))
                .findFirst();
        activeSince = active.map(KeyVersions.Row::activatedAt)
                .map(Instant::toEpochMilli)
                .orElse(0L);
        wraps = active.map(row -> seen.picture().wraps().get(row.version())).orElse(0L);
    }

    /** Seconds since a time in milliseconds; 0 where that is 0. */
    private static long age(long since) {
        return since == 0 ? 0 : Math.max(0, (System.currentTimeMillis() - since) / 1000);
    }

    private void readProgress(Rotations.Row row) {
        Rotations.Progress now = rotations.progress(row.id());
        progress.put("total", row.total());
        progress.put("done", now.done());
        progress.put("remaining", now.remaining());
        progress.put("quarantined", now.quarantined());
        progress.put("erased", now.erased());
    }

    /** Registers what has a fixed name. */
    public void register() {
        readAt = System.currentTimeMillis();
        for (String part : PROGRESS) {
            gauge(
                    "vault_rotation_subjects",
                    "Subjects of the open rotation",
                    new Tag("part", part),
                    () -> progress.getOrDefault(part, 0L));
        }
        for (Attention.Code code : Attention.Code.values()) {
            gauge(
                    "vault_attention",
                    "What a person should look at, and how many of it",
                    new Tag("code", code.name().toLowerCase(Locale.ROOT).replace('_', '-')),
                    () -> attention.getOrDefault(code, 0L));
        }
        registry.gauge(
                Metadata.builder()
                        .withName("vault_figures_age_seconds")
                        .withDescription("How long ago the figures of the whole vault were read from the database")
                        .build(),
                () -> age(readAt));
        registry.gauge(
                Metadata.builder()
                        .withName("vault_active_key_age_seconds")
                        .withDescription("How long the active KEK version has been active; 0 when there is none")
                        .build(),
                () -> age(activeSince));
        registry.gauge(
                Metadata.builder()
                        .withName("vault_trail_waiting_seconds")
                        .withDescription("How long the oldest entry of the trail has waited for its block; 0 for none")
                        .build(),
                () -> age(waitingSince));
        registry.gauge(
                Metadata.builder()
                        .withName("vault_quarantined_rows")
                        .withDescription("Rows that did not open while a rotation passed them")
                        .build(),
                () -> quarantined);
        registry.gauge(
                Metadata.builder()
                        .withName("vault_destroyed_root_keys")
                        .withDescription("Root keys of destroyed versions that are in this node's key stores again")
                        .build(),
                () -> rootKeys.returned());
        registry.gauge(
                Metadata.builder()
                        .withName("vault_missing_root_keys")
                        .withDescription("Root keys of versions in use that are not in this node's key stores")
                        .build(),
                () -> rootKeys.missing());
        registry.gauge(
                Metadata.builder()
                        .withName("vault_restorable_since_seconds")
                        .withDescription("When the oldest registered backup that opens whole was taken; 0 for none")
                        .build(),
                () -> restorableSince);
        registry.gauge(
                Metadata.builder()
                        .withName("vault_wraps")
                        .withDescription("Wraps reserved under the active KEK version; the limit is 2^32")
                        .build(),
                () -> wraps);
        registry.gauge(
                Metadata.builder()
                        .withName("vault_retention_overdue")
                        .withDescription("Subjects past their policy's limit by more than a day and not under a hold")
                        .build(),
                () -> overdue.last());
    }

    private void gauge(String name, String description, Tag tag, java.util.function.Supplier<Long> value) {
        registry.gauge(
                Metadata.builder().withName(name).withDescription(description).build(), value, tag);
    }
}
