package org.templatevault.bench;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Locale;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/** A kept-alive HTTP/1.1 connection over TLS that costs little, so that the client takes little of the machine. */
final class Connection implements AutoCloseable {
    /** An answer with another status than expected; the connection can be used further. */
    static final class UnexpectedAnswer extends IOException {
        private static final long serialVersionUID = 1;

        UnexpectedAnswer(String message) {
            super(message);
        }
    }

    private final SSLSocket socket;
    private final InputStream in;
    private final String authorization;

    Connection(SSLContext trust, int port, String user, String password) throws IOException {
        socket = (SSLSocket) trust.getSocketFactory().createSocket("localhost", port);
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(120_000);
        in = new BufferedInputStream(socket.getInputStream(), 64 << 10);
        byte[] credentials = (user + ':' + password).getBytes(StandardCharsets.UTF_8);
        authorization = "Basic " + Base64.getEncoder().encodeToString(credentials);
    }

    /** Sends a request and answers with the body; fails unless the status is the one expected. */
    byte[] send(String method, String path, String headers, byte[] body, int expected) throws IOException {
        String head = method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: " + authorization + "\r\n"
                + headers + "Content-Length: " + body.length + "\r\n\r\n";
        byte[] bytes = head.getBytes(StandardCharsets.US_ASCII);
        byte[] all = java.util.Arrays.copyOf(bytes, bytes.length + body.length);
        System.arraycopy(body, 0, all, bytes.length, body.length);
        socket.getOutputStream().write(all);
        int status = Integer.parseInt(line().split(" ", 3)[1]);
        byte[] answer = body();
        if (status != expected) {
            throw new UnexpectedAnswer(
                    method + " answered " + status + ": " + new String(answer, StandardCharsets.UTF_8));
        }
        return answer;
    }

    private byte[] body() throws IOException {
        int length = 0;
        boolean chunked = false;
        for (String line = line(); !line.isEmpty(); line = line()) {
            String lower = line.toLowerCase(Locale.ROOT);
            if (lower.startsWith("content-length:")) {
                length = Integer.parseInt(line.substring(15).trim());
            }
            chunked |= lower.startsWith("transfer-encoding:") && lower.contains("chunked");
        }
        return chunked ? chunks() : in.readNBytes(length);
    }

    private byte[] chunks() throws IOException {
        var all = new java.io.ByteArrayOutputStream();
        for (int size = chunkSize(); size > 0; size = chunkSize()) {
            all.write(in.readNBytes(size));
            line();
        }
        line();
        return all.toByteArray();
    }

    private int chunkSize() throws IOException {
        return Integer.parseInt(line().trim(), 16);
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                throw new EOFException();
            }
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
