package org.templatevault.rotation;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.persistence.Copies;
import org.templatevault.persistence.Nodes;
import org.templatevault.persistence.Rotations;
import org.templatevault.persistence.Transactions;

/** How far rotations are, how fast they go, and what they wait for. */
@ApplicationScoped
public class RotationReports {
    private static final double WINDOW_SECONDS = 10;

    @Inject
    Transactions transactions;

    @Inject
    Rotations rotations;

    @Inject
    Nodes nodes;

    @Inject
    Copies copies;

    /**
     * One rotation.
     *
     * @throws RotationNotFoundException if there is none of this id
     */
    public RotationReport of(UUID id) {
        return transactions.read(() -> {
            Rotations.Row row = rotations.find(id).orElseThrow(RotationNotFoundException::new);
            return of(row, copies.reach(row.toVersion()));
        });
    }

    /** The newest rotations. */
    public List<RotationReport> newest() {
        return transactions.read(
                () -> rotations.newest().stream().map(row -> of(row, null)).toList());
    }

    private RotationReport of(Rotations.Row row, Copies.@Nullable Reach reach) {
        Rotations.Progress progress = row.startedAt() == null ? Rotations.NOTHING_YET : rotations.progress(row.id());
        double rate = rate(row, progress);
        boolean moving = row.endedAt() == null && rate > 0;
        Instant end = moving ? Instant.now().plusMillis((long) (progress.remaining() / rate * 1000)) : null;
        List<Double> partitions = row.endedAt() == null && reach != null
                ? rotations.passed(row.id()).stream().map(RangeShare::of).toList()
                : List.of();
        return new RotationReport(row, progress, rate, end, waitingFor(row), partitions, reach);
    }

    private List<String> waitingFor(Rotations.Row row) {
        return switch (RotationState.valueOf(row.state())) {
            case REQUESTED, FAILED -> row.obstacle() == null ? List.of() : List.of(row.obstacle());
            case STAGED -> nodes.withoutVersion(row.toVersion());
            default -> List.of();
        };
    }

    private static double rate(Rotations.Row row, Rotations.Progress progress) {
        if (row.startedAt() == null) {
            return 0;
        }
        if (row.endedAt() != null) {
            long millis =
                    Math.max(1, Duration.between(row.startedAt(), row.endedAt()).toMillis());
            return progress.done() * 1000.0 / millis;
        }
        double seconds = Duration.between(row.startedAt(), Instant.now()).toMillis() / 1000.0;
        return progress.lately() / Math.max(1, Math.min(WINDOW_SECONDS, seconds));
    }
}
