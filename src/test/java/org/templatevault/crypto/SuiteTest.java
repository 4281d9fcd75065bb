package org.templatevault.crypto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.templatevault.error.ErrorKind;

class SuiteTest {
    @Test
    void codesNeverChange() {
        assertEquals(1, Suite.CHACHA20_POLY1305.code());
        assertEquals(2, Suite.AES_256_GCM.code());
        assertEquals(2, Suite.values().length);
    }

    @Test
    void findsASuiteByItsCode() {
        for (Suite suite : Suite.values()) {
            assertSame(suite, Suite.ofCode(suite.code()));
        }
    }

    @Test
    void refusesEveryOtherCode() {
        for (int code = Byte.MIN_VALUE; code <= Byte.MAX_VALUE; code++) {
            byte unknown = (byte) code;
            if (unknown != 1 && unknown != 2) {
                assertThrows(AuthenticationFailedException.class, () -> Suite.ofCode(unknown));
            }
        }
    }

    @Test
    void aRefusalNeverTellsItsReason() {
        AuthenticationFailedException refusal = new AuthenticationFailedException();
        assertEquals(ErrorKind.INTEGRITY, refusal.kind());
        assertEquals("integrity-failure", refusal.code());
        assertEquals("Stored data failed its integrity check.", refusal.getMessage());
        assertNull(refusal.getCause());
        assertNull(refusal.field());
    }
}
