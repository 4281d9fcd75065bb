package org.templatevault.client;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/** Tells a failure to write here from one of the network. */
final class LocalOutput extends FilterOutputStream {
    /** What went wrong was this machine's. */
    static final class Failure extends IOException {
        private static final long serialVersionUID = 1L;

        Failure(IOException cause) {
            super("the file cannot be written: " + cause.getMessage(), cause);
        }
    }

    LocalOutput(OutputStream out) {
        super(out);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
        try {
            out.write(bytes, from, length);
        } catch (IOException e) {
            throw new Failure(e);
        }
    }
}
