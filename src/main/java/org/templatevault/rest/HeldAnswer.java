package org.templatevault.rest;

import jakarta.ws.rs.core.StreamingOutput;
import java.io.IOException;
import java.io.OutputStream;

/**
 * An answer that holds what has to be released, whether it is written or not.
 *
 * @param release run when everything is written, when writing failed, or when it is not written: once or more often
 */
record HeldAnswer(StreamingOutput body, Runnable release) implements StreamingOutput, AutoCloseable {
    @Override
    public void write(OutputStream out) throws IOException {
        try {
            body.write(out);
        } finally {
            close();
        }
    }

    @Override
    public void close() {
        release.run();
    }
}
