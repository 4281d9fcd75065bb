package org.templatevault.job;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Which executions are lost, however the job repository counts them. */
class LostExecutionsTest {
    private static final long EXECUTION = 7;

    private final AtomicLong clock = new AtomicLong();
    private final LostExecutions executions = new LostExecutions(clock::get);

    private void pass(int seconds) {
        clock.addAndGet(Duration.ofSeconds(seconds).toNanos());
    }

    private boolean isLost() {
        return executions.neverBegan(EXECUTION) || executions.hasEnded(EXECUTION);
    }

    @Test
    void losesOneThatHasNotBegunInTime() {
        executions.noteStart(EXECUTION);
        pass(30);
        assertFalse(isLost());
        pass(1);
        assertTrue(executions.neverBegan(EXECUTION));
    }

    @Test
    void losesNoneThatWorks() {
        executions.noteStart(EXECUTION);
        pass(29);
        executions.noteBegin(EXECUTION);
        pass(3_600);
        assertFalse(isLost());
    }

    @Test
    void losesNoneThatBeganBeforeItsStartWasTold() {
        executions.noteBegin(EXECUTION);
        executions.noteStart(EXECUTION);
        pass(3_600);
        assertFalse(isLost());
    }

    @Test
    void losesOneWhoseEndWasNotWrittenInTime() {
        executions.noteBegin(EXECUTION);
        executions.noteStart(EXECUTION);
        executions.noteEnd(EXECUTION);
        pass(10);
        assertFalse(isLost());
        pass(1);
        assertTrue(executions.hasEnded(EXECUTION));
    }

    @Test
    void forgetsOneThatIsGivenUp() {
        executions.noteStart(EXECUTION);
        executions.noteEnd(EXECUTION);
        executions.forget(EXECUTION);
        pass(3_600);
        assertFalse(isLost());
    }
}
