package org.templatevault.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class SignInBrakeTest {
    private static final String HERE = "192.0.2.1";

    private final SignInBrake brake = new SignInBrake();
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");

    private Duration fail(String address) {
        return brake.attempt(address, now);
    }

    private void failFreely(String address) {
        for (int i = 0; i <= SignInBrake.FREE; i++) {
            assertEquals(Duration.ZERO, fail(address));
            now = now.plusSeconds(i < SignInBrake.FREE ? 1 : 0);
        }
    }

    @Test
    void makesEachFurtherFailureWaitTwiceAsLong() {
        failFreely(HERE);
        for (long seconds = 2; seconds <= 256; seconds *= 2) {
            assertEquals(Duration.ofSeconds(seconds), fail(HERE));
            now = now.plusSeconds(seconds);
            assertEquals(Duration.ZERO, fail(HERE));
        }
        assertEquals(Duration.ofMinutes(5), fail(HERE));
    }

    @Test
    void refusesWhoDoesNotWaitWithoutMakingHimWaitLonger() {
        failFreely(HERE);
        assertEquals(Duration.ofSeconds(2), fail(HERE));
        assertEquals(Duration.ofSeconds(2), fail(HERE));
        now = now.plusSeconds(1);
        assertEquals(Duration.ofSeconds(1), fail(HERE));
    }

    @Test
    void doesNotCountARightPasswordAndForgivesNoWrongOneForIt() {
        for (int i = 0; i < 100; i++) {
            assertEquals(Duration.ZERO, fail(HERE));
            brake.succeeded(HERE);
        }
        failFreely(HERE);
        assertTrue(fail(HERE).toSeconds() > 0);
    }

    @Test
    void forgetsAfterAQuarterOfAnHour() {
        failFreely(HERE);
        now = now.plus(Duration.ofMinutes(15)).plusSeconds(1);
        failFreely(HERE);
    }

    @Test
    void slowsDownNobodyElseButTheNeighboursInOneIpv6Network() {
        failFreely(HERE);
        assertEquals(Duration.ZERO, fail("192.0.2.2"));
        failFreely("2001:db8::1");
        assertTrue(fail("2001:db8::ffff:2").toSeconds() > 0);
        assertEquals(Duration.ZERO, fail("2001:db8:0:1::1"));
    }

    @Test
    void remembersSoManyAddressesAndNoMore() {
        failFreely(HERE);
        for (int i = 0; i < 10_000; i++) {
            fail("10.0." + i / 250 + "." + i % 250);
        }
        assertEquals(Duration.ZERO, fail(HERE));
    }
}
