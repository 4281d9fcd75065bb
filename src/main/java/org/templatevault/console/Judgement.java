package org.templatevault.console;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.templatevault.console.Attention.Code;
import org.templatevault.console.Overview.Picture;
import org.templatevault.epoch.EpochSchedule;
import org.templatevault.keyring.WrapBudget;
import org.templatevault.persistence.KeyVersions;
import org.templatevault.persistence.OverviewCounts;
import org.templatevault.rotation.RotationReport;
import org.templatevault.rotation.RotationSchedule;

/** Says what of a picture needs attention. */
@ApplicationScoped
class Judgement {
    private static final Duration VERIFIED_WITHIN = Duration.ofDays(7);
    private static final Duration ERASURES_WITHIN = Duration.ofDays(31);
    private static final Duration KEY_AGE = Duration.ofDays(366);
    private static final Duration MOVES_WITHIN = Duration.ofSeconds(30);
    private static final String FAILED = "FAILED";
    private static final String PAUSED = "PAUSED";

    @Inject
    RotationSchedule rotationSchedule;

    @Inject
    EpochSchedule epochSchedule;

    List<Attention> of(Picture picture) {
        List<Attention> found = new ArrayList<>();
        keys(picture, found);
        rotation(picture, found);
        waiting(picture, found);
        trail(picture, found);
        nodes(picture.nodes(), found);
        found.sort(Comparator.comparing(Attention::code));
        return List.copyOf(found);
    }

    private static void keys(Picture picture, List<Attention> found) {
        count(found, Code.MISSING_ROOT_KEYS, picture.missingRootKeys(), null);
        count(found, Code.DESTROYED_ROOT_KEYS, picture.destroyedRootKeys(), null);
        count(found, Code.KEY_STORE_UNREACHABLE, keyStoresAway(picture), null);
        active(picture)
                .filter(row -> picture.wraps().getOrDefault(row.version(), 0L) >= WrapBudget.SOFT_LIMIT)
                .ifPresent(row -> found.add(new Attention(Code.WRAPS_HIGH, 1, null)));
    }

    /** Of those that hold, or are to lose, the root key of a version. */
    private static long keyStoresAway(Picture picture) {
        return picture.versions().stream()
                .filter(row -> row.destroyedAt() == null)
                .map(KeyVersions.Row::keyStore)
                .distinct()
                .filter(keyStore -> !picture.keyStores().getOrDefault(keyStore, false))
                .count();
    }

    private static Optional<KeyVersions.Row> active(Picture picture) {
        return picture.versions().stream()
                .filter(row -> row.state().equals("ACTIVE"))
                .findFirst();
    }

    private void rotation(Picture picture, List<Attention> found) {
        Optional<RotationReport> open = picture.rotation();
        if (open.isPresent()) {
            Code code = open.get().row().state().equals(PAUSED)
                    ? Code.ROTATION_PAUSED
                    : isStalled(open.get(), picture.at()) ? Code.ROTATION_STALLED : null;
            if (code != null) {
                found.add(new Attention(code, 1, open.get().row().requestedAt()));
            }
            return;
        }
        Instant activated = active(picture).map(KeyVersions.Row::activatedAt).orElse(picture.at());
        Stream.of(rotationSchedule.report().nextDueAt(), epochSchedule.report().nextDueAt(), activated.plus(KEY_AGE))
                .filter(due -> due != null && due.isBefore(picture.at()))
                .min(Comparator.naturalOrder())
                .ifPresent(due -> found.add(new Attention(Code.ROTATION_DUE, 1, due)));
    }

    /** It failed, waits for a node or the key store, or should move and does not. */
    private static boolean isStalled(RotationReport open, Instant now) {
        Instant began = open.row().startedAt();
        boolean moves = Set.of("ACTIVATED", "REENCRYPTING").contains(open.row().state());
        boolean still =
                moves && open.subjectsPerSecond() == 0 && open.progress().remaining() > 0;
        boolean late = isBefore(began == null ? open.row().requestedAt() : began, now, MOVES_WITHIN);
        return open.row().state().equals(FAILED)
                || (late && (still || !open.waitingFor().isEmpty()));
    }

    private static boolean isBefore(Instant then, Instant now, Duration by) {
        return then.isBefore(now.minus(by));
    }

    private static void waiting(Picture picture, List<Attention> found) {
        OverviewCounts.Waiting waiting = picture.waiting();
        count(found, Code.ERASURE_STALLED, waiting.stalledErasures(), null);
        count(found, Code.QUARANTINE, waiting.quarantined(), null);
        count(found, Code.RETENTION_OVERDUE, picture.overdue(), null);
        count(found, Code.APPROVALS_WAITING, waiting.approvals(), waiting.oldestApproval());
        Instant oldest = waiting.oldestErasure();
        if (oldest != null && isBefore(oldest, picture.at(), ERASURES_WITHIN)) {
            found.add(new Attention(Code.ERASURES_WAITING, waiting.erasures(), oldest));
        }
    }

    private static void trail(Picture picture, List<Attention> found) {
        Instant verified = picture.verification().map(row -> row.at()).orElse(null);
        if (verified == null || isBefore(verified, picture.at(), VERIFIED_WITHIN)) {
            found.add(new Attention(Code.TRAIL_NOT_VERIFIED, 1, verified));
        }
        picture.verification().ifPresent(row -> count(found, Code.TRAIL_DAMAGED, row.found(), row.at()));
    }

    /** A node that was started anew under its name is not missed. */
    private static void nodes(List<OverviewCounts.Node> nodes, List<Attention> found) {
        Map<Boolean, List<OverviewCounts.Node>> byLife =
                nodes.stream().collect(java.util.stream.Collectors.partitioningBy(OverviewCounts.Node::alive));
        List<String> alive = byLife.getOrDefault(true, List.of()).stream()
                .map(OverviewCounts.Node::name)
                .toList();
        List<OverviewCounts.Node> silent = byLife.getOrDefault(false, List.of()).stream()
                .filter(node -> !alive.contains(node.name()))
                .toList();
        Instant since = silent.stream()
                .map(OverviewCounts.Node::seenAt)
                .min(Comparator.naturalOrder())
                .orElse(null);
        count(
                found,
                Code.NODE_SILENT,
                silent.stream().map(OverviewCounts.Node::name).distinct().count(),
                since);
        count(
                found,
                Code.NODE_CLOCK,
                nodes.stream()
                        .filter(OverviewCounts.Node::alive)
                        .filter(node -> !node.isInTime())
                        .count(),
                null);
    }

    private static void count(List<Attention> found, Code code, long count, @Nullable Instant since) {
        if (count > 0) {
            found.add(new Attention(code, count, since));
        }
    }
}
