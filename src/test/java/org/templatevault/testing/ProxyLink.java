package org.templatevault.testing;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.templatevault.testing.DatabaseProxy.RoundTrip;

/** A client's connection to a {@link DatabaseProxy} and its twin to PostgreSQL. */
final class ProxyLink {
    private static final int SSL_REQUEST = 80877103;
    private static final int GSS_REQUEST = 80877104;

    private final DatabaseProxy proxy;
    private final int number;
    private final Socket client;
    private final Socket database;
    private final Map<String, String> prepared = new HashMap<>();
    private final List<String> pending = new ArrayList<>();
    private final List<String> transaction = new ArrayList<>();
    /** The driver sends BEGIN and the first statement together: two answers of one round trip. */
    private final AtomicInteger begins = new AtomicInteger();

    private volatile boolean plainByteExpected;
    private volatile @Nullable Hold heldAnswer;
    private boolean started;

    ProxyLink(DatabaseProxy proxy, int number, Socket client, Socket database) throws IOException {
        this.proxy = proxy;
        this.number = number;
        this.client = client;
        this.database = database;
        client.setTcpNoDelay(true);
        database.setTcpNoDelay(true);
    }

    /** Whether a statement with this text, in lower case, was sent in the present transaction. */
    boolean hasSent(String earlier) {
        return transaction.stream().anyMatch(sent -> sent.contains(earlier));
    }

    void pumpStatements() {
        try (DataInputStream in = input(client);
                DataOutputStream out = output(database)) {
            startUp(in, out);
            while (true) {
                int type = in.readUnsignedByte();
                byte[] body = body(in);
                hear(type, body);
                write(out, type, body);
                if (in.available() == 0) {
                    out.flush();
                }
            }
        } catch (IOException ended) {
            close();
        }
    }

    private void startUp(DataInputStream in, DataOutputStream out) throws IOException {
        while (true) {
            byte[] body = body(in);
            int code = ByteBuffer.wrap(body).getInt();
            boolean question = code == SSL_REQUEST || code == GSS_REQUEST;
            plainByteExpected = question;
            out.writeInt(body.length + 4);
            out.write(body);
            out.flush();
            if (!question) {
                return;
            }
        }
    }

    private void hear(int type, byte[] body) throws IOException {
        switch (type) {
            case 'P' -> prepared.put(text(body, 0), text(body, text(body, 0).length() + 1));
            case 'B' -> {
                int portal = text(body, 0).length() + 1;
                statement(prepared.getOrDefault(text(body, portal), "?"));
            }
            case 'Q' -> {
                if (text(body, 0).startsWith("BEGIN")) {
                    begins.incrementAndGet();
                }
                statement(text(body, 0));
            }
            default -> {
                // the rest carries no statement
            }
        }
    }

    private void statement(String sql) throws IOException {
        synchronized (pending) {
            pending.add(sql);
        }
        String lower = sql.toLowerCase(Locale.ROOT);
        transaction.add(lower);
        Hold hold = proxy.holdAt(this, lower).orElse(null);
        if (hold != null && hold.side() == Hold.Side.ANSWER) {
            heldAnswer = hold;
        } else if (hold != null) {
            hold.block();
        }
        if (lower.startsWith("commit") || lower.startsWith("rollback") || transaction.size() > 10_000) {
            transaction.clear();
        }
    }

    void pumpAnswers() {
        try (DataInputStream in = input(database);
                DataOutputStream out = output(client)) {
            while (true) {
                int type = in.readUnsignedByte();
                if (plainByteExpected) {
                    plainByteExpected = false;
                    out.writeByte(type);
                    out.flush();
                    continue;
                }
                byte[] body = body(in);
                if (type == 'Z' && completed()) {
                    waitForRelease();
                }
                write(out, type, body);
                if (in.available() == 0) {
                    out.flush();
                }
            }
        } catch (IOException ended) {
            close();
        }
    }

    /** Held at the end of the batch, when PostgreSQL has done all of it. */
    private void waitForRelease() throws IOException {
        Hold hold = heldAnswer;
        if (hold != null) {
            heldAnswer = null;
            hold.block();
        }
    }

    private boolean completed() {
        if (begins.get() > 0) {
            begins.decrementAndGet();
            return false;
        }
        List<String> statements;
        synchronized (pending) {
            statements = List.copyOf(pending);
            pending.clear();
        }
        if (started) {
            proxy.took(new RoundTrip(number, statements));
        }
        started = true;
        return true;
    }

    private static byte[] body(DataInputStream in) throws IOException {
        byte[] body = new byte[in.readInt() - 4];
        in.readFully(body);
        return body;
    }

    private static void write(DataOutputStream out, int type, byte[] body) throws IOException {
        out.writeByte(type);
        out.writeInt(body.length + 4);
        out.write(body);
    }

    private static DataInputStream input(Socket socket) throws IOException {
        return new DataInputStream(new BufferedInputStream(socket.getInputStream()));
    }

    private static DataOutputStream output(Socket socket) throws IOException {
        return new DataOutputStream(new BufferedOutputStream(socket.getOutputStream()));
    }

    private static String text(byte[] body, int from) {
        int end = from;
        while (body[end] != 0) {
            end++;
        }
        return new String(body, from, end - from, StandardCharsets.ISO_8859_1);
    }

    void close() {
        proxy.ended(this);
        try {
            client.close();
            database.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
