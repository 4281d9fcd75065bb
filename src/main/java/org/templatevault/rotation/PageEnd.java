package org.templatevault.rotation;

import jakarta.batch.api.chunk.AbstractCheckpointAlgorithm;
import jakarta.batch.runtime.context.StepContext;
import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import jakarta.inject.Named;

/** Ends a chunk where the reader's page ends; only a stop ends one inside a page. */
@Named("rotationPageEnd")
@Dependent
public class PageEnd extends AbstractCheckpointAlgorithm {
    static final String REACHED = "page-end";
    static final String NOT_REACHED = "in-page";
    /** The rotation was paused or given up before the page was written: its subjects are still to be moved. */
    static final String NOT_WRITTEN = "not-written";

    @Inject
    StepContext step;

    @Override
    public boolean isReadyToCheckpoint() {
        return REACHED.equals(step.getTransientUserData());
    }
}
