package org.templatevault.client;

import java.io.IOException;

/** An answer came, and its end is missing: nothing of it was kept. */
public final class IncompleteException extends IOException {
    private static final long serialVersionUID = 1;

    IncompleteException(String message) {
        super(message);
    }
}
