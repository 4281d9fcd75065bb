package org.templatevault.rotation;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** The states of a rotation; each names the states that may follow. */
public enum RotationState {
    /** Asked for; nothing made yet. */
    REQUESTED,
    /** The new version is durable in key store and database, and wraps nothing. */
    STAGED,
    /** The new version wraps; the subjects to move are counted. */
    ACTIVATED,
    /** The job moves subjects. */
    REENCRYPTING,
    /** Stopped by a person; goes on when resumed. */
    PAUSED,
    /** Everything was passed; the proof is being made. */
    VERIFYING,
    /** No row refers to an older version. */
    DRAINED,
    /** As drained, but for rows that did not open. */
    DRAINED_WITH_QUARANTINE,
    /** Given up by a person; both versions stay usable. */
    CANCELLED,
    /** The job failed too often without progress; can be resumed. */
    FAILED;

    /** Those from which only a person, or the restart of the very job that was stopped, goes on. */
    static final Set<RotationState> STOPPED = Set.of(PAUSED, FAILED);

    private static final Set<RotationState> FINAL = EnumSet.of(DRAINED, DRAINED_WITH_QUARANTINE, CANCELLED);

    private Set<RotationState> followers() {
        return switch (this) {
            case REQUESTED -> EnumSet.of(STAGED, CANCELLED);
            case STAGED -> EnumSet.of(ACTIVATED, CANCELLED);
            case ACTIVATED -> EnumSet.of(REENCRYPTING, PAUSED, CANCELLED);
            case REENCRYPTING -> EnumSet.of(PAUSED, VERIFYING, FAILED, CANCELLED);
            case PAUSED, FAILED -> EnumSet.of(REENCRYPTING, CANCELLED);
            case VERIFYING -> EnumSet.of(REENCRYPTING, PAUSED, DRAINED, DRAINED_WITH_QUARANTINE, FAILED, CANCELLED);
            case DRAINED, DRAINED_WITH_QUARANTINE, CANCELLED -> EnumSet.noneOf(RotationState.class);
        };
    }

    /** Whether nothing follows. */
    public boolean isFinal() {
        return FINAL.contains(this);
    }

    /** The states from which this one may follow. */
    List<RotationState> predecessors() {
        return Arrays.stream(values())
                .filter(state -> state.followers().contains(this))
                .toList();
    }
}
