package org.templatevault.retention;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** The states of a bulk erasure; each names the states that may follow. */
public enum BulkErasureState {
    /** Asked for, with all whom it concerns. */
    REQUESTED,
    /** The job erases. */
    RUNNING,
    /** Stopped by a person; goes on when resumed. */
    PAUSED,
    /** The job failed too often without progress; can be resumed. */
    FAILED,
    /** Nobody is left whom it has not reached. */
    DONE,
    /** Given up by a person; what is erased stays erased. */
    CANCELLED;

    private Set<BulkErasureState> followers() {
        return switch (this) {
            case REQUESTED -> EnumSet.of(RUNNING, PAUSED, CANCELLED);
            case RUNNING -> EnumSet.of(PAUSED, FAILED, DONE, CANCELLED);
            case PAUSED, FAILED -> EnumSet.of(RUNNING, CANCELLED);
            case DONE, CANCELLED -> EnumSet.noneOf(BulkErasureState.class);
        };
    }

    /** The names of the states from which this one may follow. */
    List<String> predecessors() {
        return Arrays.stream(values())
                .filter(state -> state.followers().contains(this))
                .map(Enum::name)
                .toList();
    }
}
