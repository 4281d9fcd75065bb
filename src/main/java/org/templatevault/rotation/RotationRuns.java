package org.templatevault.rotation;

import jakarta.enterprise.context.ApplicationScoped;
import org.templatevault.job.LeasedJob;

/** The job that moves the subjects of a rotation. */
@ApplicationScoped
public class RotationRuns extends LeasedJob {
    static final String NAME = "rotation";

    @Override
    public String name() {
        return NAME;
    }
}
