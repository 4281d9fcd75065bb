package org.templatevault.config;

/**
 * How the key store that is a PKCS#11 token is reached.
 *
 * @param path {@code VAULT_PKCS11_LIBRARY}, the absolute path of the vendor's library
 * @param label {@code VAULT_PKCS11_TOKEN}, the token's label, which no other token of the library has
 * @param pin {@code VAULT_PKCS11_PIN}, the user's PIN
 */
public record KeyStoreToken(String path, String label, String pin) {
    /** Everything but the PIN. */
    @Override
    public String toString() {
        return "KeyStoreToken[" + label + " through " + path + "]";
    }
}
