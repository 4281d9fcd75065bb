package org.templatevault.testing;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Stands between server and PostgreSQL and understands as much of the wire protocol (PostgreSQL manual, "Frontend/Backend
 * Protocol") as it needs to count round trips, and to hold or cut a connection at a statement.
 */
public final class DatabaseProxy implements AutoCloseable {
    private static final int SSL_REQUEST = 80877103;
    private static final int GSS_REQUEST = 80877104;

    /** Where a connection is held: before the statement runs, or when it ran and its answer is on the way. */
    private enum Side {
        STATEMENT,
        ANSWER
    }

    /** One round trip of one connection: the statements that ran in it. */
    public record RoundTrip(int connection, List<String> statements) {}

    private volatile int databasePort;
    private final ServerSocket listener;
    private final Set<Link> links = ConcurrentHashMap.newKeySet();
    private final List<RoundTrip> trips = new CopyOnWriteArrayList<>();
    private final List<Hold> holds = new CopyOnWriteArrayList<>();
    private final AtomicInteger connections = new AtomicInteger();
    private volatile boolean recording;
    private volatile boolean refusing;

    private DatabaseProxy(int databasePort, ServerSocket listener) {
        this.databasePort = databasePort;
        this.listener = listener;
    }

    /** A proxy before the PostgreSQL on this port of the loopback interface. */
    public static DatabaseProxy before(int databasePort) {
        try {
            DatabaseProxy proxy =
                    new DatabaseProxy(databasePort, new ServerSocket(0, 100, InetAddress.getLoopbackAddress()));
            daemon("database-proxy", proxy::accept);
            CleanUp.later(proxy);
            return proxy;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The port that clients connect to. */
    public int port() {
        return listener.getLocalPort();
    }

    /** From now on connections go to another PostgreSQL; those that are open are cut. */
    public void pointTo(int otherPort) {
        databasePort = otherPort;
        dropAll();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                if (refusing) {
                    client.close();
                } else {
                    open(client);
                }
            } catch (IOException ended) {
                // the listener is closed, or this one connection failed: the loop's condition decides
            }
        }
    }

    private void open(Socket client) throws IOException {
        try {
            Link link = new Link(connections.incrementAndGet(), client, new Socket("localhost", databasePort));
            links.add(link);
            if (refusing) {
                link.close();
            }
            daemon("database-proxy-out", link::pumpStatements);
            daemon("database-proxy-in", link::pumpAnswers);
        } catch (IOException databaseAway) {
            client.close();
        }
    }

    private static void daemon(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
    }

    /** The round trips that end while the work runs, of all connections. */
    public List<RoundTrip> during(Runnable work) {
        trips.clear();
        recording = true;
        try {
            work.run();
        } finally {
            recording = false;
        }
        return List.copyOf(trips);
    }

    /** Holds the next connection that sends a statement with this text: it does not reach PostgreSQL until released. */
    public Hold holdStatement(String text) {
        return hold(Side.STATEMENT, text);
    }

    /** Holds the next connection whose statement with this text has run: the answer waits until released. */
    public Hold holdAnswer(String text) {
        return hold(Side.ANSWER, text);
    }

    /** As {@link #holdAnswer}, of a connection that sent the earlier statement in the same transaction. */
    public Hold holdAnswerAfter(String earlier, String text) {
        return hold(Side.ANSWER, earlier, text);
    }

    /** As {@link #holdStatement}, of a connection that sent the earlier statement in the same transaction. */
    public Hold holdStatementAfter(String earlier, String text) {
        return hold(Side.STATEMENT, earlier, text);
    }

    private Hold hold(Side side, String text) {
        return hold(side, "", text);
    }

    private Hold hold(Side side, String earlier, String text) {
        Hold hold = new Hold(side, earlier.toLowerCase(Locale.ROOT), text.toLowerCase(Locale.ROOT));
        holds.add(hold);
        return hold;
    }

    /** Cuts all connections. */
    public void dropAll() {
        links.forEach(Link::close);
    }

    /** Cuts all connections and takes no new ones, until told otherwise. */
    public void refuse(boolean refuse) {
        refusing = refuse;
        if (refuse) {
            dropAll();
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        holds.forEach(Hold::release);
        dropAll();
    }

    /** One connection that is held, or the wait for it. */
    public final class Hold implements AutoCloseable {
        private final Side side;
        private final String earlier;
        private final String text;
        private final CountDownLatch held = new CountDownLatch(1);
        private final CountDownLatch released = new CountDownLatch(1);
        private @Nullable Link link;

        private Hold(Side side, String earlier, String text) {
            this.side = side;
            this.earlier = earlier;
            this.text = text;
        }

        private synchronized boolean take(Link candidate, String statement) {
            if (link == null
                    && released.getCount() > 0
                    && statement.contains(text)
                    && candidate.transaction.stream().anyMatch(sent -> sent.contains(earlier))) {
                link = candidate;
                holds.remove(this);
                return true;
            }
            return false;
        }

        private void block() throws IOException {
            held.countDown();
            try {
                released.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException(e);
            }
        }

        /** Waits until a connection is held. */
        public Hold awaitHeld(Duration patience) {
            try {
                if (!held.await(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                    throw new AssertionError("No statement with this text came: " + text);
                }
                return this;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("Interrupted", e);
            }
        }

        /** Lets the connection go on. */
        public void release() {
            holds.remove(this);
            released.countDown();
        }

        /** Cuts the connection instead. */
        public void drop() {
            Link present;
            synchronized (this) {
                present = link;
            }
            if (present != null) {
                present.close();
            }
            release();
        }

        @Override
        public void close() {
            release();
        }
    }

    /** A client's connection and its twin to PostgreSQL. */
    private final class Link {
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

        Link(int number, Socket client, Socket database) throws IOException {
            this.number = number;
            this.client = client;
            this.database = database;
            client.setTcpNoDelay(true);
            database.setTcpNoDelay(true);
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
            for (Hold hold : holds) {
                if (hold.take(this, lower)) {
                    if (hold.side == Side.ANSWER) {
                        heldAnswer = hold;
                    } else {
                        hold.block();
                    }
                }
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
            if (started && recording) {
                trips.add(new RoundTrip(number, statements));
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
            links.remove(this);
            try {
                client.close();
                database.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
