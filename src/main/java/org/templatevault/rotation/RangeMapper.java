package org.templatevault.rotation;

import jakarta.batch.api.partition.PartitionMapper;
import jakarta.batch.api.partition.PartitionPlan;
import jakarta.batch.api.partition.PartitionPlanImpl;
import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import jakarta.inject.Named;
import java.util.List;
import java.util.Properties;
import org.templatevault.persistence.Rotations;

/** The ranges that were kept at the activation: a restart calls this again and its checkpoints belong to them. */
@Named("rotationRanges")
@Dependent
public class RangeMapper implements PartitionMapper {
    static final String AFTER = "after";
    static final String UP_TO = "upTo";

    @Inject
    RotationTask task;

    @Inject
    Rotations rotations;

    @Override
    public PartitionPlan mapPartitions() {
        List<Rotations.Range> ranges = rotations.ranges(task.id());
        PartitionPlan plan = new PartitionPlanImpl();
        plan.setPartitions(ranges.size());
        plan.setThreads(ranges.size());
        plan.setPartitionProperties(ranges.stream().map(RangeMapper::properties).toArray(Properties[]::new));
        return plan;
    }

    private static Properties properties(Rotations.Range range) {
        Properties properties = new Properties();
        properties.setProperty(AFTER, range.afterId().toString());
        properties.setProperty(UP_TO, range.upToId().toString());
        return properties;
    }
}
