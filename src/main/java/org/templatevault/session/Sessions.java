package org.templatevault.session;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.templatevault.config.Settings;
import org.templatevault.crypto.AssociatedData;
import org.templatevault.crypto.Hmac;
import org.templatevault.keyring.KeyRing;
import org.templatevault.keyring.KeyRings;
import org.templatevault.keyring.ServicePurpose;
import org.templatevault.persistence.Bytes;
import org.templatevault.persistence.ConsoleSessions;
import org.templatevault.persistence.ConsoleSessions.Row;
import org.templatevault.persistence.Transactions;

/**
 * The sessions of all nodes. They stand in the database, so that one outlives a restart, is good on every node, and is
 * over on every node when somebody signs out. A row that the vault did not write, or that was changed, is no session.
 */
@ApplicationScoped
public class Sessions {
    private static final System.Logger LOG = System.getLogger(Sessions.class.getName());
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int TOKEN_BYTES = 32;
    private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();
    /** Uses are noted this many times in the idle time, at most. */
    private static final int USES_NOTED = 10;

    @Inject
    ConsoleSessions rows;

    @Inject
    Transactions transactions;

    @Inject
    KeyRings keyRings;

    @Inject
    Settings settings;

    /** Begins a session. What this returns is the cookie's value: 256 random bits, kept nowhere. */
    String open(String caller, List<String> roles, String signIn) {
        byte[] random = new byte[TOKEN_BYTES];
        RANDOM.nextBytes(random);
        String token = BASE64.encodeToString(random);
        Instant now = now();
        Instant end = now.plus(settings.sessions().longest());
        Row untagged = new Row(
                hash(token),
                caller,
                String.join(" ", roles),
                signIn,
                now,
                end,
                now,
                Bytes.of(new byte[Hmac.SHA256_BYTES]));
        Row row = new Row(
                untagged.tokenHash(), caller, untagged.roles(), signIn, now, end, now, Bytes.of(tag(untagged, ring())));
        transactions.run(() -> {
            rows.purge(now, now.minus(settings.sessions().idle()));
            rows.insert(row);
        });
        return token;
    }

    /**
     * The session of a cookie, unless it is over.
     *
     * @param use whether the person did something, which begins the idle time anew
     */
    Optional<Session> find(String token, boolean use) {
        Bytes hash = hash(token);
        Instant now = now();
        return transactions
                .read(() -> rows.find(hash))
                .filter(row -> now.isBefore(endOf(row)) && isOwn(row, ring()))
                .map(row -> session(token, use ? used(row, now) : row));
    }

    /** Ends the session of a cookie, on every node. */
    void close(String token) {
        Bytes hash = hash(token);
        transactions.run(() -> rows.delete(hash));
    }

    private Row used(Row row, Instant now) {
        Duration step = settings.sessions().idle().dividedBy(USES_NOTED);
        if (row.usedAt().plus(step).isAfter(now)) {
            return row;
        }
        transactions.run(() -> rows.use(row.tokenHash(), now));
        return new Row(
                row.tokenHash(),
                row.caller(),
                row.roles(),
                row.signIn(),
                row.signedInAt(),
                row.endsAt(),
                now,
                row.tag());
    }

    private Session session(String token, Row row) {
        List<String> roles =
                row.roles().isEmpty() ? List.of() : List.of(row.roles().split(" "));
        return new Session(row.caller(), roles, csrf(token), endOf(row), row.signIn());
    }

    private Instant endOf(Row row) {
        Instant idle = row.usedAt().plus(settings.sessions().idle());
        return idle.isBefore(row.endsAt()) ? idle : row.endsAt();
    }

    /** Another node may have made a newer key a moment ago, which ended the sessions of before. */
    private KeyRing ring() {
        return transactions.read(() -> keyRings.knowingNewest(ServicePurpose.IDEMPOTENCY));
    }

    private boolean isOwn(Row row, KeyRing ring) {
        boolean own = Hmac.equal(tag(row, ring), row.tag().toArray());
        if (!own) {
            transactions.run(() -> rows.delete(row.tokenHash()));
            LOG.log(
                    System.Logger.Level.WARNING,
                    "A console session in the database is from before a compromise, or not the vault's own");
        }
        return own;
    }

    /** By the newest key alone: with the one of before a compromise somebody else may have written the row. */
    private static byte[] tag(Row row, KeyRing ring) {
        byte[] identity = AssociatedData.of("tv/session", ring.vaultId())
                .add(row.tokenHash().toArray())
                .add(row.caller())
                .add(row.roles())
                .add(row.signIn())
                .add(row.signedInAt())
                .add(row.endsAt())
                .toBytes();
        return Hmac.sha256(ring.serviceKey(ServicePurpose.IDEMPOTENCY).key(), identity);
    }

    private static Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.MICROS);
    }

    private static Bytes hash(String token) {
        return Bytes.of(sha256(token));
    }

    /** Known to the page, and tells nothing about the cookie. */
    private static String csrf(String token) {
        return BASE64.encodeToString(sha256("csrf " + token));
    }

    private static byte[] sha256(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every JDK has SHA-256", e);
        }
    }
}
