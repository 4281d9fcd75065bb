package org.templatevault.chaos;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.templatevault.testing.VaultClient;

/**
 * One client's one connection, HTTP/1.1 by hand: it never repeats a request, not even the reads that the JDK's client
 * repeats by itself when a connection turns out to be closed.
 */
final class Wire implements AutoCloseable {
    private static final int PATIENCE_MILLIS = 60_000;
    /** The server closes a connection of which nothing is heard for a minute, and may do so as a request is sent. */
    private static final Duration KEEP_IDLE = Duration.ofSeconds(30);

    /** What came back. */
    static final class Reply {
        private final int status;
        private final Map<String, String> headers;
        private final byte[] body;

        private Reply(int status, Map<String, String> headers, byte[] body) {
            this.status = status;
            this.headers = headers;
            this.body = body;
        }

        int status() {
            return status;
        }

        byte[] body() {
            return body;
        }

        String text() {
            return new String(body, StandardCharsets.UTF_8);
        }

        String header(String name) {
            return headers.getOrDefault(name.toLowerCase(Locale.ROOT), "");
        }

        /** The number in a strong entity tag. */
        int version() {
            return Integer.parseInt(header("etag").replace("\"", ""));
        }
    }

    private final VaultClient client;
    private @Nullable SSLSocket socket;
    private @Nullable InputStream in;
    private Instant opened = Instant.now();
    private Instant used = opened;

    Wire(VaultClient client) {
        this.client = client;
    }

    Reply send(String method, String path, Map<String, String> headers, byte[] body) throws IOException {
        try {
            SSLSocket open = open();
            StringBuilder head = new StringBuilder(method)
                    .append(' ')
                    .append(VaultClient.API)
                    .append(path)
                    .append(" HTTP/1.1\r\nHost: localhost\r\nAuthorization: ")
                    .append(client.authorization())
                    .append("\r\nContent-Length: ")
                    .append(body.length)
                    .append("\r\n");
            headers.forEach((name, value) ->
                    head.append(name).append(": ").append(value).append("\r\n"));
            head.append("\r\n");
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            all.write(head.toString().getBytes(StandardCharsets.ISO_8859_1));
            all.write(body);
            open.getOutputStream().write(all.toByteArray());
            open.getOutputStream().flush();
            return receive();
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    /**
     * Since when the connection of a request that got no answer may have been dead: one that was made before a kill does
     * not survive it, and its client notices with the next request.
     */
    Instant brokenSince(Instant request) {
        return opened.isBefore(request) ? opened : request;
    }

    private SSLSocket open() throws IOException {
        if (used.plus(KEEP_IDLE).isBefore(Instant.now())) {
            close();
        }
        used = Instant.now();
        SSLSocket present = socket;
        if (present == null) {
            present = client.connect();
            present.setTcpNoDelay(true);
            present.setSoTimeout(PATIENCE_MILLIS);
            socket = present;
            opened = Instant.now();
            in = new BufferedInputStream(present.getInputStream());
        }
        return present;
    }

    private Reply receive() throws IOException {
        int status = Integer.parseInt(line().split(" ", 3)[1]);
        Map<String, String> headers = new TreeMap<>();
        for (String line = line(); !line.isEmpty(); line = line()) {
            int colon = line.indexOf(':');
            headers.put(
                    line.substring(0, colon).toLowerCase(Locale.ROOT),
                    line.substring(colon + 1).trim());
        }
        byte[] body = headers.getOrDefault("transfer-encoding", "").equals("chunked")
                ? chunks()
                : exactly(Integer.parseInt(headers.getOrDefault("content-length", "0")));
        if (headers.getOrDefault("connection", "").equalsIgnoreCase("close")) {
            close();
        }
        return new Reply(status, headers, body);
    }

    private byte[] chunks() throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        while (true) {
            int length = Integer.parseInt(line(), 16);
            all.write(exactly(length));
            line();
            if (length == 0) {
                return all.toByteArray();
            }
        }
    }

    private byte[] exactly(int length) throws IOException {
        byte[] bytes = input().readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException("The server closed the connection in the middle of an answer");
        }
        return bytes;
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = input().read(); c != '\n'; c = input().read()) {
            if (c < 0) {
                throw new EOFException("The server closed the connection");
            }
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }

    private InputStream input() throws IOException {
        InputStream present = in;
        if (present == null) {
            throw new EOFException("Not connected");
        }
        return present;
    }

    @Override
    public void close() {
        SSLSocket present = socket;
        socket = null;
        in = null;
        if (present != null) {
            try {
                present.close();
            } catch (IOException goneAnyway) {
                // nothing was left of it
            }
        }
    }
}
