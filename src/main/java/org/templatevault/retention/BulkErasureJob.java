package org.templatevault.retention;

import jakarta.enterprise.context.ApplicationScoped;
import org.templatevault.job.LeasedJob;

/** The job that erases many subjects. */
@ApplicationScoped
public class BulkErasureJob extends LeasedJob {
    static final String NAME = "bulk-erasure";
    /** What the trail calls it. */
    static final String WORK = "bulk erasure";

    private static final int CHUNK_SUBJECTS = 100;

    private volatile int chunkSubjects = CHUNK_SUBJECTS;

    @Override
    public String name() {
        return NAME;
    }

    /** How many subjects are erased in one transaction. */
    int chunkSubjects() {
        return chunkSubjects;
    }

    /** One subject at a time, to find the one that cannot be erased. */
    void goSlowly(boolean slowly) {
        chunkSubjects = slowly ? 1 : CHUNK_SUBJECTS;
    }
}
