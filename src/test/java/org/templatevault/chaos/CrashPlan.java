package org.templatevault.chaos;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;

/** What is killed when. */
record CrashPlan(long seed, int templates, int writerPauseMillis, int rate, List<Kill> kills) {
    static final int READERS = 16;
    static final int WRITERS = 4;

    /** The moment of a kill: a state of the rotation, an answer that is on its way, or PostgreSQL instead. */
    enum Kill {
        REQUESTED,
        STAGED,
        ACTIVATED,
        REENCRYPTING,
        PAUSED,
        VERIFYING,
        COMMITTED_UNANSWERED,
        DATABASE_REENCRYPTING,
        DATABASE_PAUSED,
        DATABASE_ANY
    }

    /**
     * Ten kills of the server, one at least in every state, and three of PostgreSQL.
     *
     * @param more kills of the server beside these, spread over all states in turn
     */
    static CrashPlan full(long seed, int templates, int more) {
        List<Kill> kills = new ArrayList<>(List.of(
                Kill.REQUESTED,
                Kill.STAGED,
                Kill.ACTIVATED,
                Kill.REENCRYPTING,
                Kill.DATABASE_REENCRYPTING,
                Kill.COMMITTED_UNANSWERED,
                Kill.PAUSED,
                Kill.VERIFYING,
                Kill.REENCRYPTING,
                Kill.DATABASE_PAUSED));
        SplittableRandom random = new SplittableRandom(seed);
        Kill[] others = {Kill.REENCRYPTING, Kill.STAGED, Kill.ACTIVATED, Kill.VERIFYING, Kill.COMMITTED_UNANSWERED};
        kills.add(others[random.nextInt(others.length)]);
        kills.add(Kill.DATABASE_ANY);
        kills.add(others[random.nextInt(others.length)]);
        Kill[] inTurn = {Kill.REENCRYPTING, Kill.STAGED, Kill.VERIFYING, Kill.REQUESTED, Kill.PAUSED, Kill.ACTIVATED};
        for (int i = 0; i < more; i++) {
            kills.add(inTurn[i % inTurn.length]);
        }
        return new CrashPlan(seed, templates, 15, Math.max(200, templates / 12), kills);
    }

    /** One kill of the server and one of PostgreSQL. */
    static CrashPlan brief(long seed) {
        return new CrashPlan(seed, 400, 40, 40, List.of(Kill.REENCRYPTING, Kill.DATABASE_REENCRYPTING));
    }

    long serverKills() {
        return kills.stream()
                .filter(kill -> !kill.name().startsWith("DATABASE"))
                .count();
    }

    /** The states of a rotation in which its owner is killed. */
    Set<String> states() {
        Set<Kill> moments = EnumSet.range(Kill.REQUESTED, Kill.VERIFYING);
        return kills.stream().filter(moments::contains).map(Kill::name).collect(Collectors.toSet());
    }

    long databaseKills() {
        return kills.size() - serverKills();
    }
}
