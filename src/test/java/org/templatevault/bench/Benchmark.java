package org.templatevault.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import javax.sql.DataSource;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultServer;

/**
 * Prints the vault's figures for templates of 1 KiB, each beside its floor of the same run. Everything is warm: the
 * server is under load for {@code bench.warm} seconds first.
 */
public final class Benchmark {
    private static final int WARM_SECONDS = Integer.getInteger("bench.warm", 90);
    private static final int SECONDS = Integer.getInteger("bench.seconds", 15);
    private static final int ROWS = Integer.getInteger("bench.rows", 100_000);
    private static final int READS_PER_SECOND = Integer.getInteger("bench.reads", 500);
    private static final int RATE = Integer.getInteger("bench.rate", 5_100);
    private static final Set<String> PARTS =
            Set.of(System.getProperty("bench.parts", "requests,heap,rotation,reads,enrolment,ten")
                    .split(","));
    private static final int FEW_ROWS = 10_000;
    private static final int MANY_ROWS = 100_000;
    private static final int ROTATIONS = 3;
    private static final int READ_PASSES = Integer.getInteger("bench.passes", 21);
    /** Reads and a rotation together need so many times the warm-up of each alone. */
    private static final long TOGETHER_WARM = 3;
    /** How often the subjects are rotated before that is measured: the compiler is at work until then. */
    private static final int ROTATIONS_BEFORE = 5;
    /** What is vacuumed a while after a rotation; that work belongs neither to it nor to the reads without it. */
    private static final String ROTATED = "vault.template";

    private final Session session;
    private final DataSource database;
    private final Floor floor;

    private Benchmark(Session session) throws Exception {
        this.session = session;
        database = session.database();
        floor = new Floor(database);
        floor.prepare();
    }

    /** Runs the parts that {@code bench.parts} names, or all. */
    public static void main(String[] args) throws Exception {
        try (TestHome home = TestHome.create("bench");
                VaultServer server = server(home).start()) {
            new Benchmark(new Session(server)).run();
        }
    }

    private static VaultServer server(TestHome home) {
        VaultServer server = VaultServer.on(home).fixedHeap("1g").optimized();
        String partitions = System.getProperty("bench.partitions");
        return partitions == null ? server : server.environment("VAULT_ROTATION_PARTITIONS", partitions);
    }

    private void run() throws Exception {
        say(
                "%n%d-byte templates, %d connections, TLS, fsync on, JDK %s, %d cores, %d s warm-up, parts of %d s%n",
                Population.TEMPLATE_BYTES,
                Load.THREADS,
                Runtime.version(),
                Runtime.getRuntime().availableProcessors(),
                WARM_SECONDS,
                SECONDS);
        Population few = Population.empty(session, 1);
        few.growTo(FEW_ROWS);
        Requests requests = new Requests(session, few);
        warm(requests);
        if (PARTS.contains("requests")) {
            requests(requests);
        }
        if (PARTS.contains("heap")) {
            heap();
        }
        ofSubjectsWithOne();
        ofSubjectsWithTen();
    }

    private void ofSubjectsWithOne() throws Exception {
        if (!PARTS.contains("rotation") && !PARTS.contains("reads") && !PARTS.contains("enrolment")) {
            return;
        }
        Population ones = Population.empty(session, 1);
        ones.growTo(ROWS);
        if (PARTS.contains("rotation")) {
            say("%n%d subjects with 1 template each:%n", ROWS);
            rotations(ones);
        }
        if (PARTS.contains("reads")) {
            reads(ones);
        }
        if (PARTS.contains("enrolment")) {
            enrolment();
        }
    }

    private void ofSubjectsWithTen() throws Exception {
        if (!PARTS.contains("ten") && !PARTS.contains("ten-reads")) {
            return;
        }
        Population tens = Population.empty(session, 10);
        tens.growTo(ROWS);
        say("%n%d subjects with 10 templates each:%n", ROWS / 10);
        if (PARTS.contains("ten")) {
            rotations(tens);
        }
        if (PARTS.contains("ten-reads")) {
            reads(tens);
        }
    }

    private void warm(Requests requests) throws Exception {
        int part = Math.max(1, WARM_SECONDS / 5);
        requests.stores(part);
        requests.reads(part);
        requests.batchStores(part);
        requests.batchGets(part);
        long end = System.nanoTime() + part * 1_000_000_000L;
        while (System.nanoTime() < end) {
            rotate("reencrypt", 1);
        }
    }

    private void requests(Requests requests) throws Exception {
        double trivial = requests.liveness(SECONDS);
        double store = requests.stores(SECONDS);
        double insertFloor = floor.inserts(SECONDS);
        double read = requests.reads(SECONDS);
        double readFloor = floor.reads(SECONDS);
        double batchGet = requests.batchGets(SECONDS);
        double batchStore = requests.batchStores(SECONDS);
        double copyFloor = floor.copy(50_000);
        heading();
        row("trivial GET (liveness)", trivial, "", 0);
        row("single store, known subject", store, "durable single-row insert", insertFloor);
        row("single read", read, "read by primary key", readFloor);
        row("single read", read, "the server's own trivial GET", trivial);
        row("batch store, 500 items, new subjects", batchStore, "COPY, same shape and index", copyFloor);
        row("batch get, 500 items", batchGet, "read by primary key", readFloor);
    }

    private void heap() throws Exception {
        Population growing = Population.empty(session, 1);
        say("%n| rows | heap after a collection, MiB |%n|---|---|%n");
        List<Integer> sizes = new ArrayList<>(List.of(FEW_ROWS, Math.min(ROWS, MANY_ROWS)));
        if (ROWS > MANY_ROWS) {
            sizes.add(ROWS);
        }
        for (int rows : sizes) {
            growing.growTo(rows);
            say("| %,d | %d |%n", rows, session.heap() >> 20);
        }
    }

    private void rotations(Population population) throws Exception {
        List<String> tables = List.of("vault.subject_key", ROTATED);
        for (String table : tables) {
            // Autovacuum would do it soon after so many rows came, and its snapshot keep dead tuples meanwhile.
            floor.execute("vacuum analyze " + table);
        }
        for (int i = 0; i < ROTATIONS_BEFORE; i++) {
            rotate("reencrypt", population.perSubject());
        }
        TableFacts.vacuumed(database, ROTATED, System.currentTimeMillis());
        List<TableFacts> before = new ArrayList<>();
        for (String table : tables) {
            before.add(TableFacts.of(database, table));
        }
        List<Double> rates = new ArrayList<>();
        for (int i = 0; i < ROTATIONS; i++) {
            rates.add(rotate("reencrypt", population.perSubject()));
            TableFacts.vacuumed(database, ROTATED, System.currentTimeMillis());
        }
        List<String> facts = new ArrayList<>();
        for (int i = 0; i < tables.size(); i++) {
            TableFacts after = TableFacts.of(database, tables.get(i));
            facts.add(String.format(
                    Locale.ROOT,
                    "| %s | %.1f %% | %.1f %% | %.1f %% |%n",
                    tables.get(i),
                    100 * after.hotShareSince(before.get(i)),
                    100 * after.growthSince(before.get(i)),
                    100 * after.deadShare()));
        }
        double rewrap = rotate("rewrap", population.perSubject());
        TableFacts.vacuumed(database, ROTATED, System.currentTimeMillis());
        double update = floor.rewrites(true);
        double unchecked = floor.rewrites(false);
        double loop = plainLoop(false);
        double askingLoop = plainLoop(true);
        heading();
        for (int i = 0; i < ROTATIONS; i++) {
            row("rotation " + (i + 1) + ", reencrypt, templates", rates.get(i), "one UPDATE of each table", update);
        }
        double last = rates.get(ROTATIONS - 1);
        row("rotation " + ROTATIONS, last, "the same without its foreign key", unchecked);
        row("rotation " + ROTATIONS, last, "the plain loop, keys in memory", loop);
        row("rotation " + ROTATIONS, last, "the plain loop, two HTTPS requests a row", askingLoop);
        row("rotation, rewrap, templates", rewrap, "one UPDATE of each table", update);
        say(
                "%n| table | HOT updates | growth over %d rotations | dead tuples at the end |%n|---|---|---|---|%n",
                ROTATIONS);
        facts.forEach(System.out::print);
    }

    private double rotate(String mode, int perSubject) throws Exception {
        try (RotationRun rotation = RotationRun.request(session, mode, 0)) {
            return rotation.await() * perSubject;
        }
    }

    private double plainLoop(boolean asking) throws Exception {
        return new PlainLoop(database).perSecond(SECONDS, floor.keys(), () -> {
            if (!asking) {
                return PlainLoop.nobody();
            }
            Connection connection = session.connect("operator");
            return Session.worker(connection, () -> {
                connection.send("GET", "/health/live", "", Session.NOTHING, 200);
                return 1;
            });
        });
    }

    private void reads(Population population) throws Exception {
        Requests requests = new Requests(session, population);
        say(
                "%n| reads, open loop, %d a second | templates moved a second | p50, ms | p99, ms | p99.9, ms |%n",
                READS_PER_SECOND);
        say("|---|---|---|---|---|%n");
        int rate = RATE / population.perSubject();
        warmTogether(requests, rate);
        List<Latencies> without = new ArrayList<>();
        List<Latencies> during = new ArrayList<>();
        List<Double> moved = new ArrayList<>();
        for (int i = 0; i < READ_PASSES; i++) {
            floor.settle();
            without.add(openLoop(requests));
            latencies("no rotation", 0, without.get(i));
            try (RotationRun rotation = RotationRun.request(session, "reencrypt", rate)) {
                rotation.awaitMoving();
                long done = rotation.done();
                long began = System.nanoTime();
                during.add(openLoop(requests));
                moved.add(population.perSubject() * (rotation.done() - done) / ((System.nanoTime() - began) / 1e9));
                latencies("rotation, rate " + rate, moved.get(i), during.get(i));
                rotation.hurry();
                rotation.await();
            }
            TableFacts.vacuumed(database, ROTATED, System.currentTimeMillis());
        }
        latencies("all passes without", 0, Latencies.ofAll(without));
        latencies(
                "all passes with",
                moved.stream().mapToDouble(Double::doubleValue).average().orElseThrow(),
                Latencies.ofAll(during));
        say(
                "%nMedian of the passes' p99: %.1f ms without, %.1f ms with, ratio %.2f%n",
                p99(without), p99(during), p99(during) / p99(without));
    }

    /** The median over the passes of what 99 of 100 reads do not exceed, in milliseconds. */
    private static double p99(List<Latencies> passes) {
        double[] each =
                passes.stream().mapToDouble(pass -> pass.millis(0.99)).sorted().toArray();
        return each[each.length / 2];
    }

    /**
     * Rotation and reads each warm alone are not yet warm beside each other: the compiler takes most of a processor for
     * tenths of a second at a time, and reads that meet it there wait as long.
     */
    private void warmTogether(Requests requests, int rate) throws Exception {
        long end = System.nanoTime() + TOGETHER_WARM * WARM_SECONDS * 1_000_000_000L;
        while (System.nanoTime() < end) {
            try (RotationRun rotation = RotationRun.request(session, "reencrypt", rate)) {
                rotation.awaitMoving();
                openLoop(requests);
                rotation.hurry();
                rotation.await();
            }
        }
        TableFacts.vacuumed(database, ROTATED, System.currentTimeMillis());
    }

    private Latencies openLoop(Requests requests) throws Exception {
        return Schedule.run(READS_PER_SECOND, SECONDS, () -> {
            Connection connection = session.connect("reader");
            return Session.worker(connection, () -> requests.read(connection));
        });
    }

    private void enrolment() throws Exception {
        say(
                "%n| %d writers of new subjects | stores | p50, ms | p99, ms | longest, ms | failed | change of version, ms |%n",
                Load.THREADS);
        say("|---|---|---|---|---|---|---|%n");
        for (int rate : new int[] {RATE, 0}) {
            Enrolment.Seen seen = new Enrolment(session).run(rate);
            stores("before the rotation", seen.before(), "|");
            stores(
                    rate == 0 ? "rotation without a rate" : "rotation, rate " + rate,
                    seen.during(),
                    String.format(Locale.ROOT, "%d | %.0f", seen.failed(), seen.activationMillis()));
        }
    }

    private static void heading() {
        say("%n| work | vault, per second | floor | floor, per second | ratio |%n|---|---|---|---|---|%n");
    }

    private static void row(String work, double vault, String floorName, double floor) {
        String figure = floor == 0 ? "" : String.format(Locale.ROOT, "%,.0f", floor);
        String ratio = floor == 0 ? "" : String.format(Locale.ROOT, "%.2f", vault / floor);
        say("| %s | %,.0f | %s | %s | %s |%n", work, vault, floorName, figure, ratio);
    }

    private static void latencies(String work, double moved, Latencies seen) {
        say(
                "| %s | %,.0f | %.1f | %.1f | %.1f |%n",
                work, moved, seen.millis(0.5), seen.millis(0.99), seen.millis(0.999));
    }

    private static void stores(String work, Latencies seen, String more) {
        say(
                "| %s | %,d | %.1f | %.1f | %.1f | %s |%n",
                work, seen.count(), seen.millis(0.5), seen.millis(0.99), seen.millis(1), more);
    }

    private static void say(String format, Object... values) {
        System.out.printf(Locale.ROOT, format, values);
    }
}
