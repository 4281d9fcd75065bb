package org.templatevault.persistence;

import java.time.Duration;

/** A node whose clock is far from the database's may not do work that depends on times. */
public final class ClockException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ClockException(Duration most) {
        super("This node's clock and the database's are more than " + most.toSeconds() + " seconds apart");
    }
}
