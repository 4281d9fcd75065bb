package org.templatevault.rotation;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.templatevault.persistence.Copies;
import org.templatevault.persistence.Rotations;

/**
 * A rotation and how far it is.
 *
 * @param subjectsPerSecond lately, or on the whole for one that ended
 * @param estimatedEnd null while nothing moves
 * @param waitingFor the nodes without which the new version is not activated yet, or the key store without which it is
 *     not made, or the repair after which it may be resumed
 * @param partitions how far each of the threads has come that move subjects side by side, from 0 to 1, in the order
 *     of their ranges of ids; none before the activation, after the end, and in a list
 * @param reach how far back the backups reach, now and once what it leaves is destroyed; null in a list
 */
public record RotationReport(
        Rotations.Row row,
        Rotations.Progress progress,
        double subjectsPerSecond,
        @Nullable Instant estimatedEnd,
        List<String> waitingFor,
        List<Double> partitions,
        Copies.@Nullable Reach reach) {}
