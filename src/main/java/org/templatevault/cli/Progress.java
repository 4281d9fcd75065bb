package org.templatevault.cli;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * How far something is, on standard error: a bar that moves on a terminal, else a plain line every five seconds, without
 * control characters.
 */
final class Progress implements AutoCloseable {
    private static final int CELLS = 24;
    private static final long MOVES = Duration.ofMillis(200).toNanos();
    private static final long LINES = Duration.ofSeconds(5).toNanos();

    private final PrintStream err;
    private final boolean moves;
    private final LongSupplier clock;
    private String last = "";
    private String shown = "";
    private long shownAt;

    Progress(PrintStream err, boolean moves, LongSupplier clock) {
        this.err = err;
        this.moves = moves;
        this.clock = clock;
        this.shownAt = clock.getAsLong() - LINES;
    }

    static Progress on(Terminal terminal) {
        return new Progress(terminal.err(), terminal.isInteractive(), System::nanoTime);
    }

    /** Shows this line, unless the one before it is too young. */
    void show(String line) {
        last = line;
        if (clock.getAsLong() - shownAt >= (moves ? MOVES : LINES)) {
            print();
        }
    }

    private void print() {
        shownAt = clock.getAsLong();
        if (moves) {
            err.print("\r" + last + "\u001b[K");
        } else if (!last.equals(shown)) {
            err.println(last);
        }
        err.flush();
        shown = last;
    }

    /** Leaves the last line standing. */
    @Override
    public void close() {
        if (!last.isEmpty()) {
            print();
            if (moves) {
                err.println();
            }
        }
    }

    /** {@code [########................]  33 %  1,000 of 3,000  250 rows/s  8 s left}. */
    static String line(long done, long total, double perSecond, Optional<Duration> left) {
        long part = total <= 0 ? 0 : Math.min(CELLS, done * CELLS / total);
        String bar = "#".repeat((int) part) + ".".repeat((int) (CELLS - part));
        String line = String.format(
                Locale.ROOT,
                "[%s] %3d %%  %s of %s  %s rows/s",
                bar,
                total <= 0 ? 0 : Math.min(100, done * 100 / total),
                Text.number(done),
                Text.number(total),
                Text.number(Math.round(perSecond)));
        return done >= total
                ? line
                : line + left.map(time -> "  " + Text.duration(time) + " left").orElse("");
    }
}
