package org.templatevault.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Stands between server and PostgreSQL and understands as much of the wire protocol (PostgreSQL manual, "Frontend/Backend
 * Protocol") as it needs to count round trips, and to hold or cut a connection at a statement.
 */
public final class DatabaseProxy implements AutoCloseable {
    /** One round trip of one connection: the statements that ran in it. */
    public record RoundTrip(int connection, List<String> statements) {}

    private volatile int databasePort;
    private final ServerSocket listener;
    private final Set<ProxyLink> links = ConcurrentHashMap.newKeySet();
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
            ProxyLink link =
                    new ProxyLink(this, connections.incrementAndGet(), client, new Socket("localhost", databasePort));
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

    void ended(ProxyLink link) {
        links.remove(link);
    }

    void took(RoundTrip trip) {
        if (recording) {
            trips.add(trip);
        }
    }

    /** The hold that takes the link at this statement, if one does. */
    Optional<Hold> holdAt(ProxyLink link, String statement) {
        return holds.stream().filter(hold -> hold.take(link, statement)).findFirst();
    }

    /** Holds the next connection that sends a statement with this text: it does not reach PostgreSQL until released. */
    public Hold holdStatement(String text) {
        return hold(Hold.Side.STATEMENT, text);
    }

    /** Holds the next connection whose statement with this text has run: the answer waits until released. */
    public Hold holdAnswer(String text) {
        return hold(Hold.Side.ANSWER, text);
    }

    /** As {@link #holdAnswer}, of a connection that sent the earlier statement in the same transaction. */
    public Hold holdAnswerAfter(String earlier, String text) {
        return hold(Hold.Side.ANSWER, earlier, text);
    }

    /** As {@link #holdStatement}, of a connection that sent the earlier statement in the same transaction. */
    public Hold holdStatementAfter(String earlier, String text) {
        return hold(Hold.Side.STATEMENT, earlier, text);
    }

    private Hold hold(Hold.Side side, String text) {
        return hold(side, "", text);
    }

    private Hold hold(Hold.Side side, String earlier, String text) {
        Hold hold = new Hold(holds::remove, side, earlier.toLowerCase(Locale.ROOT), text.toLowerCase(Locale.ROOT));
        holds.add(hold);
        return hold;
    }

    /** Cuts all connections. */
    public void dropAll() {
        links.forEach(ProxyLink::close);
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
}
