package org.templatevault.cli;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * How far something is, on standard error: a bar that moves on a terminal, else a plain line every five seconds, without
 * control characters. Whoever interrupts it is told what that means.
 */
final class Progress implements AutoCloseable {
    private static final int CELLS = 24;
    private static final long MOVES = Duration.ofMillis(200).toNanos();
    private static final long LINES = Duration.ofSeconds(5).toNanos();

    private final PrintStream err;
    private final boolean moves;
    private final LongSupplier clock;
    private final Thread farewell;
    private volatile boolean over;
    private String last = "";
    private String shown = "";
    private long shownAt;

    /** @param interrupted what to say when the process is told to end in between */
    Progress(PrintStream err, boolean moves, LongSupplier clock, String interrupted) {
        this.err = err;
        this.moves = moves;
        this.clock = clock;
        this.shownAt = clock.getAsLong() - LINES;
        this.farewell = new Thread(() -> leave(interrupted));
    }

    static Progress on(Terminal terminal, String interrupted) {
        Progress progress = new Progress(terminal.err(), terminal.isInteractive(), System::nanoTime, interrupted);
        Runtime.getRuntime().addShutdownHook(progress.farewell);
        return progress;
    }

    /** Ends the line, so that neither it nor the shell's prompt hides what is said. */
    void leave(String interrupted) {
        over = true;
        err.print((moves && !shown.isEmpty() ? System.lineSeparator() : "") + interrupted + System.lineSeparator());
        err.flush();
    }

    /** Shows this line, unless the one before it is too young. */
    void show(String line) {
        last = line;
        if (clock.getAsLong() - shownAt >= (moves ? MOVES : LINES)) {
            print();
        }
    }

    /** On a terminal that is too narrow the line is cut at its edge: one that wraps could not be drawn over. */
    private void print() {
        if (over) {
            return;
        }
        shownAt = clock.getAsLong();
        if (moves) {
            err.print("\r\u001b[?7l" + last + "\u001b[K\u001b[?7h");
        } else if (!last.equals(shown)) {
            err.println(last);
        }
        err.flush();
        shown = last;
    }

    /** Leaves the last line standing. */
    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(farewell);
        } catch (IllegalStateException alreadyEnding) {
            return;
        }
        if (!last.isEmpty()) {
            print();
            if (moves) {
                err.println();
            }
        }
    }

    /** {@code [########................]  33 %  1,000 of 3,000 subjects  250/s  8 s left}. */
    static String line(long done, long total, String what, double perSecond, Optional<Duration> left) {
        long part = total <= 0 ? 0 : Math.min(CELLS, done * CELLS / total);
        String bar = "#".repeat((int) part) + ".".repeat((int) (CELLS - part));
        String line = String.format(
                Locale.ROOT,
                "[%s] %3d %%  %s of %s %s  %s/s",
                bar,
                total <= 0 ? 0 : Math.min(100, done * 100 / total),
                Text.number(done),
                Text.number(total),
                what,
                Text.number(Math.round(perSecond)));
        return done >= total
                ? line
                : line + left.map(time -> "  " + Text.duration(time) + " left").orElse("");
    }
}
