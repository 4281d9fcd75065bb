package org.templatevault.rest;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;

/** A request body that ends with 413 when it grows past its limit; never buffers. */
final class BoundedInput extends FilterInputStream {
    private final long limit;
    private long seen;

    BoundedInput(InputStream in, long limit) {
        super(in);
        this.limit = limit;
    }

    @Override
    public int read() throws IOException {
        int one = in.read();
        count(one < 0 ? 0 : 1);
        return one;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        int some = in.read(buffer, offset, length);
        count(Math.max(some, 0));
        return some;
    }

    private void count(int bytes) {
        seen += bytes;
        if (seen > limit) {
            throw tooLarge(limit);
        }
    }

    static VaultException tooLarge(long limit) {
        return new VaultException(
                ErrorKind.TOO_LARGE, "body-too-large", "This request has at most " + limit + " bytes");
    }
}
