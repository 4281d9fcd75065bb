package org.templatevault.rotation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class RotationStateTest {
    /** Each state and those that may follow it, all in the order of their declaration; no other pair is legal. */
    private static final String TRANSITIONS = """
            REQUESTED: STAGED CANCELLED
            STAGED: ACTIVATED CANCELLED
            ACTIVATED: REENCRYPTING PAUSED CANCELLED
            REENCRYPTING: PAUSED VERIFYING CANCELLED FAILED
            PAUSED: REENCRYPTING CANCELLED
            VERIFYING: REENCRYPTING PAUSED DRAINED DRAINED_WITH_QUARANTINE CANCELLED FAILED
            DRAINED:
            DRAINED_WITH_QUARANTINE:
            CANCELLED:
            FAILED: REENCRYPTING CANCELLED
            """;

    private static String followers(RotationState from) {
        return Arrays.stream(RotationState.values())
                .filter(to -> to.predecessors().contains(from))
                .map(to -> " " + to)
                .collect(Collectors.joining());
    }

    @Test
    void makesTheseTransitionsAndNoOther() {
        String found = Arrays.stream(RotationState.values())
                .map(from -> from + ":" + followers(from) + "\n")
                .collect(Collectors.joining());
        assertEquals(TRANSITIONS, found);
    }

    @Test
    void endsWhereNothingFollows() {
        Set<RotationState> ends = EnumSet.noneOf(RotationState.class);
        Arrays.stream(RotationState.values()).filter(RotationState::isFinal).forEach(ends::add);
        assertEquals(
                EnumSet.of(RotationState.DRAINED, RotationState.DRAINED_WITH_QUARANTINE, RotationState.CANCELLED),
                ends);
        ends.forEach(end -> assertEquals("", followers(end)));
    }
}
