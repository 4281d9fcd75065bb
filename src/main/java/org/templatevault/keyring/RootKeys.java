package org.templatevault.keyring;

import java.util.SortedSet;
import org.templatevault.crypto.AuthenticationFailedException;
import org.templatevault.crypto.SecretBytes;

/**
 * A key store: makes root keys, keeps them and uses them; no root key leaves it. A KEK is wrapped with AES-256-GCM into
 * the bytes of {@link org.templatevault.crypto.WrappedKey}, whichever the make. Thread-safe.
 *
 * <p>Every method throws {@link KeyStoreUnavailableException} where the key store cannot be used, and where a root key
 * that it is to use is not there.
 */
sealed interface RootKeys permits RootKeyFile, RootKeyToken {
    /** Makes a root key under an alias that is not taken; durable on return. */
    void generate(String alias);

    /** Wraps the KEK, which stays open, and binds it to the associated data. */
    byte[] wrap(String alias, SecretBytes kek, byte[] aad);

    /** @throws AuthenticationFailedException if the wrapped KEK is not what this root key wrapped with this {@code aad} */
    SecretBytes unwrap(String alias, byte[] wrapped, byte[] aad);

    /** Destroys a root key, durably on return; where the alias is absent, nothing is to be done. */
    void delete(String alias);

    /** The aliases of all root keys that are there now. */
    SortedSet<String> aliases();

    /** Whether the key store could be used when it was last looked at; asks nothing that takes long. */
    boolean isReachable();
}
