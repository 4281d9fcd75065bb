package org.templatevault.crypto;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import java.io.OutputStream;
import org.junit.jupiter.api.Test;

class SecretBytesTest {
    private static final byte[] SOME = {11, 22, 33, 44};

    @Test
    void clearsItsBytesWhenClosed() {
        byte[] bytes = SOME.clone();
        SecretBytes.takeOver(bytes).close();
        assertArrayEquals(new byte[4], bytes);
    }

    @Test
    void mayBeClosedTwice() {
        SecretBytes secret = SecretBytes.copyOf(SOME);
        secret.close();
        secret.close();
        assertThrows(IllegalStateException.class, secret::reveal);
    }

    @Test
    void refusesEveryUseAfterClose() {
        SecretBytes closed = SecretBytes.copyOf(SOME);
        SecretBytes open = SecretBytes.copyOf(SOME);
        closed.close();
        assertThrows(IllegalStateException.class, closed::reveal);
        assertThrows(IllegalStateException.class, closed::copy);
        assertThrows(IllegalStateException.class, closed::length);
        assertThrows(IllegalStateException.class, () -> closed.slice(0, 1));
        assertThrows(IllegalStateException.class, () -> closed.sameAs(open));
        assertThrows(IllegalStateException.class, () -> open.sameAs(closed));
        assertThrows(IllegalStateException.class, () -> SecretBytes.concat(open, closed));
        assertThrows(IllegalStateException.class, () -> SecretBytes.concat(closed, open));
        assertThrows(IllegalStateException.class, () -> Hmac.sha256(closed, SOME));
        assertThrows(IllegalStateException.class, () -> Hkdf.sha256(closed, SOME, SOME, 32));
    }

    @Test
    void tellsNothingInItsText() {
        assertEquals("SecretBytes[redacted]", SecretBytes.copyOf(SOME).toString());
        assertEquals("RawKey[redacted]", new RawKey("AES", SOME.clone()).toString());
    }

    @Test
    void refusesToHoldNothing() {
        assertThrows(IllegalArgumentException.class, () -> SecretBytes.takeOver(new byte[0]));
        assertThrows(IllegalArgumentException.class, () -> SecretBytes.copyOf(new byte[0]));
        assertThrows(IllegalArgumentException.class, () -> SecretBytes.random(0));
    }

    @Test
    void refusesSlicesOutsideOrEmpty() {
        SecretBytes secret = SecretBytes.copyOf(SOME);
        assertThrows(IllegalArgumentException.class, () -> secret.slice(-1, 2));
        assertThrows(IllegalArgumentException.class, () -> secret.slice(0, 5));
        assertThrows(IllegalArgumentException.class, () -> secret.slice(2, 2));
        assertThrows(IllegalArgumentException.class, () -> secret.slice(3, 2));
    }

    @Test
    void takesOverWithoutACopyAndCopiesWhenAsked() {
        byte[] bytes = SOME.clone();
        assertSame(bytes, SecretBytes.takeOver(bytes).reveal());
        assertNotSame(bytes, SecretBytes.copyOf(bytes).reveal());
    }

    @Test
    void slicesAndJoinsByCopy() {
        SecretBytes whole = SecretBytes.copyOf(SOME);
        SecretBytes head = whole.slice(0, 1);
        SecretBytes tail = whole.slice(1, 4);
        whole.close();
        SecretBytes joined = SecretBytes.concat(head, tail);
        head.close();
        tail.close();
        assertArrayEquals(SOME, joined.reveal());
    }

    @Test
    void comparesByContentOnlyWhenAsked() {
        SecretBytes one = SecretBytes.copyOf(SOME);
        SecretBytes same = SecretBytes.copyOf(SOME);
        assertTrue(one.sameAs(same));
        assertTrue(one.sameAs(one));
        assertFalse(one.sameAs(SecretBytes.takeOver(new byte[] {11, 22, 33, 45})));
        assertFalse(one.sameAs(one.slice(0, 3)));
        assertNotEquals(one, same);
    }

    @Test
    void randomSecretsDiffer() {
        assertFalse(SecretBytes.random(32).sameAs(SecretBytes.random(32)));
        assertEquals(32, SecretBytes.random(32).length());
    }

    @Test
    void cannotBeSerialized() throws Exception {
        try (ObjectOutputStream out = new ObjectOutputStream(OutputStream.nullOutputStream())) {
            assertThrows(NotSerializableException.class, () -> out.writeObject(SecretBytes.copyOf(SOME)));
        }
    }

    @Test
    void aRawKeyIsClearedWhenDestroyed() {
        byte[] bytes = SOME.clone();
        RawKey key = new RawKey("AES", bytes);
        assertNotSame(bytes, key.getEncoded());
        key.destroy();
        assertArrayEquals(new byte[4], bytes);
    }
}
