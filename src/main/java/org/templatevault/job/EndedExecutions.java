package org.templatevault.job;

import jakarta.batch.api.listener.AbstractJobListener;
import jakarta.batch.runtime.context.JobContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import jakarta.inject.Named;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The executions of this node that have ended, whatever the job repository says: where the database cannot be written at
 * the moment of an end, the server gives up writing it, and the execution would count as running until the next start.
 */
@ApplicationScoped
public class EndedExecutions {
    /** From the end of an execution to the end in the repository. */
    private static final Duration WRITTEN_WITHIN = Duration.ofSeconds(10);

    private final Map<Long, Long> endedAt = new ConcurrentHashMap<>();

    /** Whether it ended so long ago that the repository would say so, had it been told. */
    boolean isUntold(long execution) {
        Long ended = endedAt.get(execution);
        return ended != null && System.nanoTime() - ended > WRITTEN_WITHIN.toNanos();
    }

    void note(long execution) {
        endedAt.put(execution, System.nanoTime());
    }

    void forget(long execution) {
        endedAt.remove(execution);
    }

    /** Listens for the end of a leased job; named in its definition. */
    @Named("leasedJobEnd")
    @Dependent
    public static class Listener extends AbstractJobListener {
        @Inject
        JobContext job;

        @Inject
        EndedExecutions ended;

        @Override
        public void afterJob() {
            ended.note(job.getExecutionId());
        }
    }
}
