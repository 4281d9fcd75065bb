package org.templatevault.keyring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.templatevault.persistence.Bytes;
import org.templatevault.persistence.KeyVersions;

/** A ring that is read while the key store of the one version does not answer. */
class KeyRingsTest {
    private static final int REQUESTS = 16;
    private static final long PATIENCE_SECONDS = 30;
    private static final long UNTIL_IT_IS_READ_AGAIN_MILLIS = 1100;

    private final AtomicInteger asked = new AtomicInteger();
    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);
    private final KeyRings keyRings = new KeyRings();

    private static final class OneVersion extends KeyVersions {
        @Override
        public Optional<UUID> vaultId() {
            return Optional.of(new UUID(0, 1));
        }

        @Override
        public List<Row> all() {
            Instant made = Instant.EPOCH;
            return List.of(new Row(
                    1,
                    KeyState.ACTIVE.name(),
                    KeyStores.TOKEN,
                    "root-1",
                    "AES_256_GCM",
                    made,
                    made,
                    null,
                    null,
                    null,
                    null,
                    null,
                    Bytes.of(new byte[] {1})));
        }
    }

    private final class OutOfReach extends VersionKeys {
        @Override
        Kek open(UUID vault, KeyVersions.Row row, Bytes wrapped, @Nullable Kek held) {
            asked.incrementAndGet();
            begun.countDown();
            try {
                goOn.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            throw new KeyStoreUnavailableException("VAULT_PKCS11_TOKEN: away", null);
        }
    }

    @SuppressWarnings("UnnecessaryAssignment") // nobody injects here
    @BeforeEach
    void takeTheKeyStoreAway() {
        keyRings.keyVersions = new OneVersion();
        keyRings.versionKeys = new OutOfReach();
    }

    private KeyStoreUnavailableException refused() {
        return assertThrows(KeyStoreUnavailableException.class, keyRings::refresh);
    }

    @Test
    void asksAKeyStoreThatIsAwayOnceForAllWhoWait() throws Exception {
        var threads = Executors.newFixedThreadPool(REQUESTS);
        Callable<KeyStoreUnavailableException> request = this::refused;
        List<Future<KeyStoreUnavailableException>> answers = new ArrayList<>();
        for (int i = 0; i < REQUESTS; i++) {
            answers.add(threads.submit(request));
        }
        begun.await();
        goOn.countDown();
        threads.shutdown();
        Set<KeyStoreUnavailableException> failures = new HashSet<>();
        for (var answer : answers) {
            failures.add(answer.get(PATIENCE_SECONDS, TimeUnit.SECONDS));
        }
        assertEquals(1, failures.size());
        assertEquals(1, asked.get());
    }

    @Test
    void asksItAgainAfterASecond() throws InterruptedException {
        goOn.countDown();
        KeyStoreUnavailableException first = refused();
        assertSame(first, refused());
        Thread.sleep(UNTIL_IT_IS_READ_AGAIN_MILLIS);
        refused();
        assertEquals(2, asked.get());
    }
}
