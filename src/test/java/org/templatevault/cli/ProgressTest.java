package org.templatevault.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ProgressTest {
    private static final long SECOND = 1_000_000_000L;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private long now = 100 * SECOND;

    private Progress progress(boolean terminal) {
        return new Progress(new PrintStream(bytes, true, StandardCharsets.UTF_8), terminal, () -> now, "Not finished.");
    }

    private String shown() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void drawsHowFarItIs() {
        assertEquals(
                "[########................]  33 %  1,000 of 3,000 subjects  250/s  8 s left",
                Progress.line(1000, 3000, "subjects", 250, Optional.of(Duration.ofSeconds(8))));
        assertEquals(
                "[........................]   0 %  0 of 0 templates  0/s",
                Progress.line(0, 0, "templates", 0, Optional.empty()));
        assertEquals(
                "[########################] 100 %  5 of 5 subjects  3/s",
                Progress.line(5, 5, "subjects", 2.6, Optional.of(Duration.ofSeconds(1))));
        assertTrue(
                Progress.line(2999, 3000, "subjects", 1, Optional.empty()).contains(" 99 %"),
                "100 is said at the end only");
    }

    @Test
    void writesPlainLinesNowAndThenWhereNobodySits() {
        try (Progress progress = progress(false)) {
            for (int i = 0; i < 120; i++) {
                progress.show("at " + i);
                now += SECOND / 10;
            }
        }
        assertEquals(
                List.of("at 0", "at 50", "at 100", "at 119"), shown().lines().toList());
        assertFalse(shown().contains("\u001b") || shown().contains("\r"));
    }

    @Test
    void movesOnATerminal() {
        try (Progress progress = progress(true)) {
            progress.show("one");
            now += SECOND / 10;
            progress.show("too early");
            now += SECOND / 10;
            progress.show("two");
        }
        assertEquals(
                "\r\u001b[?7lone\u001b[K\u001b[?7h\r\u001b[?7ltwo\u001b[K\u001b[?7h\r\u001b[?7ltwo\u001b[K\u001b[?7h\n",
                shown().replace("\r\n", "\n"));
    }

    @Test
    void saysOnALineOfItsOwnWhatAnInterruptionLeaves() {
        Progress progress = progress(true);
        progress.show("one");
        progress.leave("Not finished.");
        now += SECOND;
        progress.show("two");
        assertTrue(shown().endsWith("\u001b[?7h" + System.lineSeparator() + "Not finished." + System.lineSeparator()));
        bytes.reset();
        progress(false).leave("Not finished.");
        assertEquals("Not finished." + System.lineSeparator(), shown());
    }

    @Test
    void saysNothingOfNothing() {
        progress(false).close();
        assertEquals("", shown());
    }

    @Test
    void measuresTheLastTenSecondsOnly() {
        Speed speed = new Speed();
        assertEquals(Optional.empty(), speed.left(10));
        speed.note(0, 0);
        assertEquals(0, speed.perSecond());
        speed.note(SECOND, 1000);
        assertEquals(1000, speed.perSecond());
        for (int i = 2; i <= 13; i++) {
            speed.note(i * SECOND, 1000 + 10L * i);
        }
        assertEquals(10, speed.perSecond(), 0.01);
        assertEquals(Optional.of(Duration.ofSeconds(5)), speed.left(50));
        Speed stands = new Speed();
        stands.note(0, 5);
        stands.note(SECOND, 5);
        assertEquals(Optional.empty(), stands.left(1), "what does not move has no end");
    }

    @Test
    void writesTimesAndTablesForPeople() {
        assertEquals("59 s", Text.duration(Duration.ofSeconds(59)));
        assertEquals("1 min 1 s", Text.duration(Duration.ofSeconds(61)));
        assertEquals("2 h 5 min", Text.duration(Duration.ofMinutes(125)));
        assertEquals("3 d 4 h", Text.duration(Duration.ofHours(76)));
        assertEquals("0 s", Text.duration(Duration.ofSeconds(-5)));
        assertEquals("a    b\nccc  d\n", Text.table(List.of(List.of("a", "b"), List.of("ccc", "d"))));
        assertEquals("1 byte", Text.count(1, "byte", "bytes"));
    }

    @Test
    void letsNobodySteerTheTerminal() {
        assertEquals("a?[2Jb\nc??", Text.printable("a\u001b[2Jb\nc\r\u0007"));
        assertEquals("a?2Jb?c\u00e9", Text.printable("a\u009b2Jb\u202ec\u00e9"));
    }
}
