package org.templatevault.keyring;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.NoSuchAlgorithmException;
import java.security.ProviderException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.templatevault.config.KeyStoreToken;
import org.templatevault.crypto.AuthenticationFailedException;
import org.templatevault.crypto.SecretBytes;
import org.templatevault.crypto.Suite;
import org.templatevault.crypto.WrappedKey;
import org.templatevault.error.VaultException;

/**
 * The root keys in a PKCS#11 token (HSM), made there and not extractable; it wraps KEKs inside the token.
 *
 * <p>Root keys are used at the start and by rotations, and listed once a minute ({@link RootKeyWatch}), so each use initialises
 * the library, logs in, and ends both:
 * no login, session or handle can be dead, and a token that was away is found again. After a failure the token is left
 * alone for a while ({@link BackOff}); a refused PIN is not tried again in this process, or the token would lock, and the
 * last try that a token leaves, however many nodes and starts have had the others, is not made with a PIN that this process
 * has not seen accepted, or not when it last tried it. A call
 * that does not return holds up whoever made it for {@link #PATIENCE}; until it returns, every other is refused at once.
 */
final class RootKeyToken implements RootKeys {
    /** What is done in a session. */
    private interface Use<T> {
        T in(TokenSession session) throws GeneralSecurityException, IOException;
    }

    /** What this process knows of the PIN: in doubt is one that was tried last and not accepted, or not yet. */
    private enum Pin {
        UNTRIED,
        IN_DOUBT,
        RIGHT
    }

    /** The beginnings of what a token reports that cannot do what it is asked for. */
    private static final List<String> INABILITIES = List.of(
            "CKR_MECHANISM_",
            "CKR_TEMPLATE_",
            "CKR_ATTRIBUTE_",
            "CKR_KEY_FUNCTION_",
            "CKR_KEY_TYPE_",
            "CKR_KEY_SIZE_",
            "CKR_FUNCTION_NOT_SUPP");

    /** Less than the silence after which a node is not waited for: the heartbeat may be the one that waits here. */
    static final Duration PATIENCE = Duration.ofSeconds(8);

    /** A library's state is the process's. */
    private static final Object PROCESS = new Object();

    private static final TokenThread THREAD = new TokenThread();

    private final KeyStoreToken token;
    private final Duration patience;
    private final BackOff backOff;
    private volatile boolean reachable;
    private volatile Pin pin = Pin.UNTRIED;

    RootKeyToken(KeyStoreToken token) {
        this(token, PATIENCE, System::nanoTime);
    }

    RootKeyToken(KeyStoreToken token, Duration patience, LongSupplier nanoTime) {
        this.token = token;
        this.patience = patience;
        this.backOff = new BackOff(nanoTime);
    }

    @Override
    public void generate(String alias) {
        use(alias, session -> {
            if (session.key(alias).isPresent()) {
                throw new KeyStoreUnavailableException("VAULT_PKCS11_TOKEN: the alias " + alias + " is taken", null);
            }
            session.generate();
            return alias;
        });
    }

    @Override
    public byte[] wrap(String alias, SecretBytes kek, byte[] aad) {
        return use(alias, session -> WrappedKey.wrapInside(session.provider(), require(session, alias), kek, aad));
    }

    @Override
    public SecretBytes unwrap(String alias, byte[] wrapped, byte[] aad) {
        return use(alias, session -> {
            Key rootKey = require(session, alias);
            try {
                return WrappedKey.unwrapInside(session.provider(), rootKey, wrapped, Suite.KEY_BYTES, aad);
            } catch (AuthenticationFailedException e) {
                requireWorking(session, rootKey);
                throw e;
            }
        });
    }

    /** Some tokens report a fault of their own like a wrong tag: one that opens what it has just sealed has none. */
    private static void requireWorking(TokenSession session, Key rootKey) throws GeneralSecurityException {
        byte[] none = new byte[0];
        try (SecretBytes probe = SecretBytes.random(Suite.KEY_BYTES)) {
            byte[] wrapped = WrappedKey.wrapInside(session.provider(), rootKey, probe, none);
            WrappedKey.unwrapInside(session.provider(), rootKey, wrapped, Suite.KEY_BYTES, none)
                    .close();
        } catch (AuthenticationFailedException e) {
            throw new GeneralSecurityException("the token does not open what it has just sealed", e);
        }
    }

    /** A second session looks whether it is gone: one whose token is taken away may see no key at all. */
    @Override
    public void delete(String alias) {
        use(alias, session -> {
            if (session.key(alias).isPresent()) {
                session.delete(alias);
            }
            return alias;
        });
        if (aliases().contains(alias)) {
            throw new KeyStoreUnavailableException("VAULT_PKCS11_TOKEN: the token keeps \"" + alias + '"', null);
        }
    }

    @Override
    public SortedSet<String> aliases() {
        return use("", TokenSession::aliases);
    }

    @Override
    public boolean isReachable() {
        return reachable;
    }

    private Key require(TokenSession session, String alias) throws GeneralSecurityException {
        return session.key(alias)
                .orElseThrow(() -> new KeyStoreUnavailableException(
                        "VAULT_PKCS11_TOKEN: " + token.label() + " holds no root key \"" + alias + '"', null));
    }

    private <T> T use(String alias, Use<T> use) {
        synchronized (PROCESS) {
            if (THREAD.isBusy()) {
                reachable = false;
                throw hanging(null);
            }
            backOff.requireTurn();
            reachable = false;
            AtomicBoolean givenUp = new AtomicBoolean();
            try {
                T result = THREAD.call(() -> inSession(alias, use, givenUp), patience.toMillis());
                answered();
                return result;
            } catch (TimeoutException e) {
                givenUp.set(true);
                throw noted(hanging(e));
            } catch (ExecutionException e) {
                throw sorted(e.getCause());
            } catch (InterruptedException e) {
                givenUp.set(true);
                Thread.currentThread().interrupt();
                throw hanging(e);
            }
        }
    }

    /**
     * Who has given up a call has said what it means for the PIN ({@link #hanging}): it is tried, and in doubt, before
     * that, or not at all. The doubt is written before the flag is read, and the flag before the doubt is.
     */
    private void beginTry(AtomicBoolean givenUp) {
        Pin before = pin;
        pin = Pin.IN_DOUBT;
        if (givenUp.get()) {
            pin = before;
            throw new TokenAwayException("VAULT_PKCS11_PIN: not tried for a call that nobody waits for any more");
        }
    }

    private <T> T inSession(String alias, Use<T> use, AtomicBoolean givenUp)
            throws GeneralSecurityException, IOException {
        try (TokenSession session = TokenSession.open(token, alias, pin == Pin.RIGHT, () -> beginTry(givenUp))) {
            pin = Pin.RIGHT;
            return use.in(session);
        } catch (GeneralSecurityException | IOException | ProviderException e) {
            // Here and not by whoever asked, who may have gone: each try of a refused PIN brings the token nearer to
            // its lock.
            refusal(e).ifPresent(backOff::failedForGood);
            throw e;
        }
    }

    private static Optional<String> refusal(Exception failure) {
        return TokenLibrary.errorCode(failure)
                .filter(code -> code.startsWith("CKR_PIN_"))
                .map(code -> "VAULT_PKCS11_PIN: the token refuses it (" + code
                        + "); it is not tried again before a restart");
    }

    /** A PIN that is in doubt may be refused yet: a start that is tried again would try it again. */
    private KeyStoreUnavailableException hanging(@Nullable Exception cause) {
        String reason = "VAULT_PKCS11_LIBRARY: a call to " + token.label()
                + " does not return; no other is made before it does";
        return unavailable(reason, pin != Pin.IN_DOUBT, cause);
    }

    private static KeyStoreUnavailableException unavailable(String reason, boolean mayPass, @Nullable Exception cause) {
        return mayPass
                ? KeyStoreUnavailableException.forNow(reason, cause)
                : new KeyStoreUnavailableException(reason, cause);
    }

    private KeyStoreUnavailableException noted(KeyStoreUnavailableException failure) {
        String reason = String.valueOf(failure.getMessage());
        if (failure.isForNow()) {
            backOff.failedForNow(reason);
        } else {
            backOff.failed(reason);
        }
        return failure;
    }

    private RuntimeException sorted(@Nullable Throwable failure) {
        if (failure instanceof VaultException answer) {
            answered();
            return answer;
        }
        if (failure instanceof GeneralSecurityException
                || failure instanceof IOException
                || failure instanceof ProviderException) {
            return failed((Exception) failure);
        }
        return failure instanceof RuntimeException known ? known : new IllegalStateException(failure);
    }

    private void answered() {
        reachable = true;
        backOff.succeeded();
    }

    private KeyStoreUnavailableException failed(Exception cause) {
        Optional<String> refusal = refusal(cause);
        boolean away = cause instanceof TokenAwayException && pin != Pin.IN_DOUBT;
        boolean mayPass = refusal.isEmpty() && (away || (pin == Pin.RIGHT && !isInability(cause)));
        return noted(unavailable(refusal.orElseGet(() -> reason(cause)), mayPass, cause));
    }

    /** Such a token would get one more root key at each start that is tried again. */
    private static boolean isInability(Exception cause) {
        return cause instanceof NoSuchAlgorithmException
                || TokenLibrary.errorCode(cause)
                        .filter(code -> INABILITIES.stream().anyMatch(code::startsWith))
                        .isPresent();
    }

    private String reason(Exception cause) {
        String code = TokenLibrary.errorCode(cause).orElse(cause.getClass().getSimpleName());
        String message = String.valueOf(cause.getMessage());
        return message.startsWith("VAULT_")
                ? message
                : "VAULT_PKCS11_TOKEN: " + token.label() + " does not answer (" + code + ')';
    }

    /** Everything but the PIN. */
    @Override
    public String toString() {
        return "RootKeyToken[" + token + "]";
    }
}
