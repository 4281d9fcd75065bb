package org.templatevault.job;

import jakarta.batch.api.listener.AbstractJobListener;
import jakarta.batch.runtime.context.JobContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import jakarta.inject.Named;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The executions of this node that the job repository takes for live, and are not. Where the database cannot be written at
 * the moment of an end, the server gives up writing it; where a connection is lost between the start and the first step,
 * the server drops the execution without a word. Both would count as live until the next start.
 */
@ApplicationScoped
public class LostExecutions {
    /** From the end of an execution to the end in the repository. */
    private static final Duration WRITTEN_WITHIN = Duration.ofSeconds(10);

    /** From the start of an execution to its first step, on a server that has little time for it. */
    private static final Duration BEGUN_WITHIN = Duration.ofSeconds(30);

    private final LongSupplier nanoTime;
    private final Map<Long, Long> startedAt = new ConcurrentHashMap<>();
    private final Set<Long> begun = ConcurrentHashMap.newKeySet();
    private final Map<Long, Long> endedAt = new ConcurrentHashMap<>();

    /** By the clock of this process. */
    public LostExecutions() {
        this(System::nanoTime);
    }

    /** @param nanoTime a clock that is never set, in nanoseconds */
    LostExecutions(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /** Whether it ended so long ago that the repository would say so, had it been told. */
    boolean hasEnded(long execution) {
        return isPast(endedAt.get(execution), WRITTEN_WITHIN);
    }

    /** Whether it was started so long ago that it would have begun, if it ever did. */
    boolean neverBegan(long execution) {
        return isPast(startedAt.get(execution), BEGUN_WITHIN);
    }

    private boolean isPast(@Nullable Long since, Duration patience) {
        return since != null && nanoTime.getAsLong() - since > patience.toNanos();
    }

    /** It was started here, and may have begun before this was told. */
    void noteStart(long execution) {
        startedAt.put(execution, nanoTime.getAsLong());
        forgetStartIfBegun(execution);
    }

    void noteBegin(long execution) {
        begun.add(execution);
        forgetStartIfBegun(execution);
    }

    private void forgetStartIfBegun(long execution) {
        if (begun.contains(execution) && startedAt.remove(execution) != null) {
            begun.remove(execution);
        }
    }

    void noteEnd(long execution) {
        begun.remove(execution);
        endedAt.put(execution, nanoTime.getAsLong());
    }

    void forget(long execution) {
        startedAt.remove(execution);
        endedAt.remove(execution);
    }

    /** Listens to a leased job; named in its definition. */
    @Named("leasedJobListener")
    @Dependent
    public static class Listener extends AbstractJobListener {
        @Inject
        JobContext job;

        @Inject
        LostExecutions executions;

        @Override
        public void beforeJob() {
            executions.noteBegin(job.getExecutionId());
        }

        @Override
        public void afterJob() {
            executions.noteEnd(job.getExecutionId());
        }
    }
}
