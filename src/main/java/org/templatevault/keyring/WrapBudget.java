package org.templatevault.keyring;

import jakarta.annotation.Resource;
import jakarta.enterprise.concurrent.ManagedExecutorService;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;
import org.templatevault.persistence.Transactions;
import org.templatevault.persistence.TryAgainException;
import org.templatevault.persistence.WrapCounts;

/**
 * Counts the wraps under the active KEK version, in blocks that are reserved in the database before they are used: after
 * a crash the count is too high by what was left of a block, never too low.
 */
@ApplicationScoped
public class WrapBudget {
    /**
     * The most wraps under one KEK version. Every wrap draws a random nonce of 96 bits; NIST SP 800-38D, section 8.3,
     * allows 2^32 of them under one key, after which the chance that two are alike reaches 2^-33. For
     * ChaCha20-Poly1305 with random nonces the same holds.
     */
    public static final long HARD_LIMIT = 1L << 32;

    /** From here on a rotation is due: a quarter of what is allowed, so that even a slow one ends in time. */
    public static final long SOFT_LIMIT = 1L << 30;

    /** How many wraps are reserved at a time. */
    public static final long BLOCK = 1 << 17;

    private static final System.Logger LOG = System.getLogger(WrapBudget.class.getName());

    /** How many versions back blocks are kept: the one before an activation, and any that were staged and given up. */
    private static final int KEPT = 16;

    private record Block(AtomicLong left, boolean exhausted) {}

    private final Set<Integer> reserving = ConcurrentHashMap.newKeySet();
    private final Map<Integer, Block> blocks = new ConcurrentHashMap<>();

    @Resource
    ManagedExecutorService executor;

    @Inject
    Transactions transactions;

    @Inject
    WrapCounts counts;

    /**
     * Takes one wrap.
     *
     * @throws TryAgainException while a block is being reserved
     * @throws VaultException {@code wraps-exhausted} when the version has wrapped as often as it may
     */
    void take(int version) {
        Block present = blocks.get(version);
        if (present == null) {
            reserveSoon(version);
            throw new TryAgainException("Wraps under version " + version + " are being reserved");
        }
        if (present.exhausted) {
            throw new VaultException(
                    ErrorKind.UNAVAILABLE, "wraps-exhausted", "The key version has wrapped as often as it may");
        }
        long left = present.left.decrementAndGet();
        if (left < BLOCK / 2) {
            reserveSoon(version);
        }
        if (left < 0) {
            throw new TryAgainException("Wraps under version " + version + " are being reserved");
        }
    }

    /** Reserves the first block of a version, in the background. */
    void prepare(int version) {
        if (!blocks.containsKey(version)) {
            reserveSoon(version);
        }
    }

    /**
     * Reserves the first block of a version, and has it when this returns; must be called outside any transaction. For a
     * version that is about to become active: from then on all writers of new subjects want wraps under it at once.
     */
    void prepareNow(int version) {
        if (!blocks.containsKey(version)) {
            reserve(version);
        }
    }

    /** What was reserved under a version that is gone, or is another one now, counts nothing. */
    void forget(int version) {
        blocks.remove(version);
    }

    /** Counts wraps that are made in the caller's transaction, without a block. */
    void count(int version, int wraps) {
        counts.reserve(version, wraps);
    }

    private void reserveSoon(int version) {
        if (reserving.add(version)) {
            try {
                executor.execute(() -> reserveInBackground(version));
            } catch (Throwable notBegun) { // no thread can be had: the next who wants a wrap tries again
                reserving.remove(version);
                throw notBegun;
            }
        }
    }

    private void reserveInBackground(int version) {
        try {
            reserve(version);
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.WARNING, "Wraps cannot be reserved: " + e.getMessage());
        } finally {
            reserving.remove(version);
        }
    }

    private void reserve(int version) {
        long total = transactions.call(() -> counts.reserve(version, BLOCK));
        if (total > HARD_LIMIT) {
            LOG.log(System.Logger.Level.ERROR, "The KEK version {0} has wrapped as often as it may", version);
            blocks.put(version, new Block(new AtomicLong(), true));
        } else {
            blocks.computeIfAbsent(version, first -> new Block(new AtomicLong(), false))
                    .left
                    .addAndGet(BLOCK);
        }
        blocks.keySet().removeIf(earlier -> earlier < version - KEPT);
    }
}
