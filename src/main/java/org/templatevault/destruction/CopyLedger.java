package org.templatevault.destruction;

import com.github.f4b6a3.uuid.UuidCreator;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;
import org.templatevault.persistence.Copies;
import org.templatevault.persistence.DatabaseClock;
import org.templatevault.persistence.Idempotency;
import org.templatevault.persistence.Transactions;
import org.templatevault.vault.Replays;
import org.templatevault.vault.RequestKey;

/** Registered backups. */
@ApplicationScoped
public class CopyLedger {
    private static final int MAX_NAME = 200;
    private static final Duration CLOCKS_DIFFER = Duration.ofMinutes(5);

    @Inject
    Transactions transactions;

    @Inject
    Copies copies;

    @Inject
    DatabaseClock clock;

    @Inject
    Replays replays;

    /**
     * Registers a backup, once for a key. The database's clock says when: a node whose clock is wrong must not make it newer
     * than it is.
     *
     * @param kind {@code database}, {@code wal} or {@code keystore}
     * @param name what its keeper calls it, 1 to 200 characters
     */
    public Copies.Row register(
            String kind, String name, Instant takenAt, Instant expiresAt, String caller, @Nullable RequestKey key) {
        require(Set.of("database", "wal", "keystore").contains(kind), "kind", "database, wal or keystore");
        require(!name.isBlank() && name.length() <= MAX_NAME, "name", "1 to " + MAX_NAME + " characters");
        require(expiresAt.isAfter(takenAt), "expiresAt", "after takenAt");
        UUID id = UuidCreator.getTimeOrderedEpoch();
        return transactions.call(() -> {
            Instant now = clock.now();
            require(takenAt.isBefore(now.plus(CLOCKS_DIFFER)), "takenAt", "not in the future");
            Copies.Row row = new Copies.Row(
                    id,
                    kind,
                    name,
                    takenAt.truncatedTo(ChronoUnit.MICROS),
                    expiresAt.truncatedTo(ChronoUnit.MICROS),
                    caller,
                    now,
                    null,
                    null);
            Optional<Idempotency.Row> earlier = replays.claim(key, 201, null, id, null, now);
            if (earlier.isPresent()) {
                return Optional.ofNullable(earlier.get().resourceId())
                        .flatMap(copies::find)
                        .orElseThrow(CopyLedger::unknown);
            }
            copies.insert(row);
            return row;
        });
    }

    private static void require(boolean right, String field, String rule) {
        if (!right) {
            throw new VaultException(ErrorKind.INVALID, "invalid-field", field + ": " + rule, field, null);
        }
    }

    /**
     * Notes that a copy was destroyed before its expiry.
     *
     * @throws VaultException if no such copy is registered
     */
    public Copies.Row destroyed(UUID id, String caller) {
        return transactions.call(() -> {
            copies.destroyed(id, caller, DestructionLedger.now());
            return copies.find(id).orElseThrow(CopyLedger::unknown);
        });
    }

    private static VaultException unknown() {
        return new VaultException(ErrorKind.NOT_FOUND, "copy-not-found", "There is no such registered copy");
    }

    /** Those that have not expired, the newest first, from the one before a copy on, if it is named. */
    public List<Copies.Row> present(@Nullable UUID before) {
        return transactions.read(() -> copies.present(before));
    }

    /** The oldest backup of the database that opens whole with the keys of today. */
    public Optional<Copies.Row> oldestThatOpens() {
        return transactions.read(copies::oldestThatOpens);
    }
}
