package org.templatevault.keyring;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.AuthProvider;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.NoSuchAlgorithmException;
import java.security.Provider;
import java.security.ProviderException;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import javax.crypto.KeyGenerator;
import javax.security.auth.login.LoginException;
import org.templatevault.config.KeyStoreToken;
import org.templatevault.crypto.Suite;

/** A token, logged in for one use: from the loading of the library to the end of all its sessions. */
final class TokenSession implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(TokenSession.class.getName());

    private final TokenLibrary calls;
    private final Provider provider;
    private final KeyStore keys;

    private TokenSession(TokenLibrary calls, Provider provider, KeyStore keys) {
        this.calls = calls;
        this.provider = provider;
        this.keys = keys;
    }

    /**
     * Logs in once.
     *
     * @param alias the label of what this session generates; empty if it generates nothing
     * @param pinIsRight whether the token accepted the PIN when it was last tried
     * @param pinIsTried called before it is tried, which it is not where this throws
     * @throws ProviderException beginning with the setting to look at, if there is no library or not one such token, or
     *     if a PIN that may be wrong would be the last that the token takes
     */
    static TokenSession open(KeyStoreToken token, String alias, boolean pinIsRight, Runnable pinIsTried)
            throws GeneralSecurityException, IOException {
        TokenLibrary library = TokenLibrary.open(token.path());
        boolean opened = false;
        try {
            TokenLibrary.Slot slot = slot(library, token);
            if (!pinIsRight && slot.isNextPinTheLast()) {
                throw new TokenAwayException("VAULT_PKCS11_PIN: not tried: after wrong ones " + token.label()
                        + " takes one more at most; log in by other means once, or have the PIN set anew");
            }
            Provider provider = provider(library, token, slot, alias);
            KeyStore keys = KeyStore.getInstance("PKCS11", provider);
            pinIsTried.run();
            keys.load(null, token.pin().toCharArray());
            opened = true;
            return new TokenSession(library, provider, keys);
        } finally {
            if (!opened) {
                library.close();
            }
        }
    }

    private static TokenLibrary.Slot slot(TokenLibrary library, KeyStoreToken token) {
        List<TokenLibrary.Slot> slots = slots(library, token);
        if (slots.isEmpty()) {
            throw new TokenAwayException("VAULT_PKCS11_TOKEN: no token is labelled \"" + token.label() + '"');
        }
        if (slots.size() > 1) {
            throw new ProviderException(
                    "VAULT_PKCS11_TOKEN: " + slots.size() + " tokens are labelled \"" + token.label() + '"');
        }
        return slots.get(0);
    }

    private static List<TokenLibrary.Slot> slots(TokenLibrary library, KeyStoreToken token) {
        try {
            return library.slotsOf(token.label());
        } catch (ProviderException e) {
            throw away(token, e);
        }
    }

    private static Provider provider(TokenLibrary library, KeyStoreToken token, TokenLibrary.Slot slot, String alias) {
        try {
            return library.provider(token.path(), slot.number(), options(alias));
        } catch (ProviderException e) {
            throw away(token, e);
        }
    }

    private static TokenAwayException away(KeyStoreToken token, ProviderException cause) {
        String code = TokenLibrary.errorCode(cause).orElse(cause.getClass().getSimpleName());
        return new TokenAwayException(
                "VAULT_PKCS11_TOKEN: " + token.label() + " does not answer (" + code + ')', cause);
    }

    /** The label stands in the template, so that the key and its name are made in one step or not at all. */
    private static String options(String alias) {
        if (alias.isEmpty()) {
            return "destroyTokenAfterLogout=true\n";
        }
        String label = HexFormat.of().formatHex(alias.getBytes(StandardCharsets.UTF_8));
        return "destroyTokenAfterLogout=true\nattributes(generate, CKO_SECRET_KEY, CKK_AES) = {"
                + " CKA_TOKEN=true CKA_PRIVATE=true CKA_SENSITIVE=true CKA_EXTRACTABLE=false"
                + " CKA_ENCRYPT=true CKA_DECRYPT=true CKA_LABEL=0h" + label + " }\n";
    }

    Provider provider() {
        return provider;
    }

    SortedSet<String> aliases() throws GeneralSecurityException {
        return new TreeSet<>(Collections.list(keys.aliases()));
    }

    Optional<Key> key(String alias) throws GeneralSecurityException {
        return Optional.ofNullable(keys.getKey(alias, null));
    }

    void generate() throws GeneralSecurityException {
        KeyGenerator generator = KeyGenerator.getInstance("AES", provider);
        generator.init(Suite.KEY_BYTES * Byte.SIZE);
        if (generator.generateKey().getEncoded() != null) {
            throw new NoSuchAlgorithmException("VAULT_PKCS11_TOKEN: the token makes keys that can be read out of it");
        }
    }

    void delete(String alias) throws GeneralSecurityException {
        keys.deleteEntry(alias);
    }

    /** What does not end here ends with the library, so it is no failure of what was done before. */
    @Override
    public void close() {
        try {
            ((AuthProvider) provider).logout();
        } catch (LoginException | ProviderException e) {
            LOG.log(System.Logger.Level.DEBUG, "The token did not log out", e);
        } finally {
            calls.close();
        }
    }
}
