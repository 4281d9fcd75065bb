package org.templatevault.error;

/** Work that a schedule repeats. */
public final class Repeated {
    private static final System.Logger LOG = System.getLogger(Repeated.class.getName());

    private Repeated() {}

    /**
     * The work, of which also an {@link Error} ends one turn only: a schedule never repeats what threw anything (Javadoc
     * of {@code ScheduledExecutorService}), and a node that once lacked memory would look healthy and do nothing.
     */
    public static Runnable of(Runnable work) {
        return () -> {
            try {
                work.run();
            } catch (Error e) {
                LOG.log(
                        System.Logger.Level.ERROR,
                        "Work that is repeated failed, and is done again at its next turn",
                        e);
            }
        };
    }
}
