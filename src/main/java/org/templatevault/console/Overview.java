package org.templatevault.console;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.templatevault.keyring.RootKeyWatch;
import org.templatevault.keyring.ThisNode;
import org.templatevault.keyring.VersionKeys;
import org.templatevault.persistence.AuditVerifications;
import org.templatevault.persistence.JobHistory;
import org.templatevault.persistence.KeyVersions;
import org.templatevault.persistence.OverviewCounts;
import org.templatevault.persistence.Rotations;
import org.templatevault.persistence.SubjectCounts;
import org.templatevault.persistence.Transactions;
import org.templatevault.persistence.WrapCounts;
import org.templatevault.retention.OverdueCount;
import org.templatevault.rotation.RotationReport;
import org.templatevault.rotation.RotationReports;

/**
 * One picture of the vault for those who look after it. Read at most once in five seconds on a node, whoever asks and how
 * often; no statement of it reads more rows with more templates.
 */
@ApplicationScoped
public class Overview {
    /** How long a picture is given out. */
    public static final int KEPT_SECONDS = 5;

    /**
     * The picture.
     *
     * @param at when it was read
     * @param node the node that read it
     * @param keyStores those that this node uses, and whether they could be used when they were last used
     * @param subjects by key version
     * @param overdue counted within the last minute
     * @param rotation the open one
     * @param jobs those that have not ended, then the newest, at most 100
     */
    public record Picture(
            Instant at,
            String node,
            List<OverviewCounts.Node> nodes,
            Map<String, Boolean> keyStores,
            int destroyedRootKeys,
            int missingRootKeys,
            OverviewCounts.Count templates,
            List<KeyVersions.Row> versions,
            Map<Integer, Long> subjects,
            Map<Integer, Long> wraps,
            OverviewCounts.Waiting waiting,
            long overdue,
            Optional<RotationReport> rotation,
            List<JobHistory.Row> jobs,
            Optional<AuditVerifications.Row> verification) {}

    /** A picture and what of it needs attention, the most urgent first. */
    public record Seen(Picture picture, List<Attention> attention) {}

    @Inject
    Transactions transactions;

    @Inject
    OverviewCounts counts;

    @Inject
    SubjectCounts subjectCounts;

    @Inject
    WrapCounts wrapCounts;

    @Inject
    KeyVersions keyVersions;

    @Inject
    VersionKeys versionKeys;

    @Inject
    RootKeyWatch rootKeys;

    @Inject
    ThisNode node;

    @Inject
    OverdueCount overdue;

    @Inject
    Rotations rotations;

    @Inject
    RotationReports reports;

    @Inject
    Jobs jobs;

    @Inject
    AuditVerifications verifications;

    @Inject
    Judgement judgement;

    private @Nullable Seen last;
    private @Nullable RuntimeException failure;
    private long keptUntil = System.nanoTime();

    /**
     * The picture, at most {@link #KEPT_SECONDS} old; who asks while it is read waits for it. A failure is given out for a
     * second: those who waited need not each wait for the database again.
     */
    public synchronized Seen look() {
        if (System.nanoTime() - keptUntil >= 0) {
            renew();
        }
        RuntimeException failed = failure;
        if (failed != null) {
            throw failed;
        }
        return Objects.requireNonNull(last);
    }

    private void renew() {
        try {
            Picture picture = transactions.read(this::read);
            last = new Seen(picture, judgement.of(picture));
            failure = null;
        } catch (RuntimeException e) {
            failure = e;
        }
        keptUntil = System.nanoTime() + TimeUnit.SECONDS.toNanos(failure == null ? KEPT_SECONDS : 1);
    }

    private Picture read() {
        return new Picture(
                Instant.now().truncatedTo(ChronoUnit.MILLIS),
                node.name(),
                counts.nodes(),
                versionKeys.keyStoresReachable(),
                rootKeys.returned(),
                rootKeys.missing(),
                counts.templates(),
                keyVersions.all(),
                subjectCounts.byVersion(),
                wrapCounts.byVersion(),
                counts.waiting(),
                overdue.last(),
                rotations.open().map(row -> reports.of(row.id())),
                jobs.newest(),
                verifications.newest());
    }
}
