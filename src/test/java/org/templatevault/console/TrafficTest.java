package org.templatevault.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.templatevault.console.Traffic.Minute;

class TrafficTest {
    /** Stands still until it is told to go on. */
    private static final class Hands extends Clock {
        private Instant now = Instant.parse("2026-03-01T12:00:30Z");

        void goOn(Duration by) {
            now = now.plus(by);
        }

        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }

    private final Hands hands = new Hands();
    private final Traffic traffic = new Traffic(hands);

    private Minute last() {
        List<Minute> hour = traffic.lastHour();
        return hour.get(hour.size() - 1);
    }

    @Test
    void tellsSixtyMinutesAlsoWhenNobodyAsked() {
        List<Minute> hour = traffic.lastHour();
        assertEquals(60, hour.size());
        assertEquals(Instant.parse("2026-03-01T11:01:00Z"), hour.get(0).at());
        assertEquals(new Minute(Instant.parse("2026-03-01T12:00:00Z"), 0, 0, 0, 0, 0), last());
    }

    @Test
    void keepsRefusalsAndFailuresApart() {
        for (int status : List.of(200, 204, 399, 400, 499, 500, 503)) {
            traffic.answered(status, 100);
        }
        assertEquals(7, last().requests());
        assertEquals(2, last().refused());
        assertEquals(2, last().failed());
    }

    @Test
    void tellsPercentilesToOnePartInEight() {
        for (int micros = 1; micros <= 1000; micros++) {
            traffic.answered(200, micros);
        }
        assertTrue(last().p50Micros() >= 500 && last().p50Micros() <= 563, last()::toString);
        assertTrue(last().p99Micros() >= 990 && last().p99Micros() <= 1114, last()::toString);
    }

    @Test
    void putsEveryTimeIntoAClassThatReachesNoMoreThanAnEighthFurther() {
        for (long micros = 0; micros < 40_000_000; micros += Math.max(1, micros / 97)) {
            long longest = MinuteCount.longestOf(MinuteCount.classOf(micros));
            assertTrue(longest >= micros && longest <= micros + Math.max(1, micros / 8), micros + " " + longest);
        }
    }

    @Test
    void takesTimesThatNoClockShouldTell() {
        traffic.answered(200, -5);
        traffic.answered(200, Long.MAX_VALUE);
        assertEquals(2, last().requests());
        assertEquals(0, last().p50Micros());
    }

    @Test
    void forgetsAnHourThatIsOver() {
        traffic.answered(200, 100);
        hands.goOn(Duration.ofMinutes(59));
        assertEquals(1, traffic.lastHour().get(0).requests());
        hands.goOn(Duration.ofMinutes(1));
        assertEquals(0, traffic.lastHour().stream().mapToLong(Minute::requests).sum());
    }

    @Test
    void doesNotTakeAMinuteOfLongAgoForThePresentOne() {
        traffic.answered(200, 100);
        hands.goOn(Duration.ofMinutes(64));
        assertEquals(0, last().requests());
        traffic.answered(200, 100);
        assertEquals(1, last().requests());
    }

    @Test
    void losesNoRequestOfManyThreads() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(8);
        CountDownLatch start = new CountDownLatch(1);
        for (int i = 0; i < 8; i++) {
            threads.execute(() -> answerTenThousandAfter(start));
        }
        start.countDown();
        threads.shutdown();
        assertTrue(threads.awaitTermination(30, TimeUnit.SECONDS));
        assertEquals(80_000, last().requests());
    }

    private void answerTenThousandAfter(CountDownLatch start) {
        try {
            start.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        for (int n = 0; n < 10_000; n++) {
            traffic.answered(200, n);
        }
    }
}
