package org.templatevault.config;

/**
 * Where the key store that is a file stands.
 *
 * @param path {@code VAULT_KEYSTORE_FILE}, a PKCS#12 file
 * @param password {@code VAULT_KEYSTORE_PASSWORD}
 * @param create {@code VAULT_KEYSTORE_CREATE}: make the file when it is absent and no key version needs it
 */
public record KeyStoreFile(String path, String password, boolean create) {
    /** The path only. */
    @Override
    public String toString() {
        return "KeyStoreFile[" + path + "]";
    }
}
