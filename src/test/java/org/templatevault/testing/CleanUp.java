package org.templatevault.testing;

import java.util.ArrayDeque;
import java.util.Deque;

/** Ends what the tests of this JVM share when the JVM ends, the last first: servers before their databases. */
public final class CleanUp {
    private static final Deque<AutoCloseable> OPEN = new ArrayDeque<>();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(CleanUp::closeAll, "test-clean-up"));
    }

    private CleanUp() {}

    /** Ends this with the JVM. */
    public static synchronized void later(AutoCloseable resource) {
        OPEN.push(resource);
    }

    private static synchronized void closeAll() {
        while (!OPEN.isEmpty()) {
            try {
                OPEN.pop().close();
            } catch (Exception e) {
                System.err.println("Not closed: " + e);
            }
        }
    }
}
