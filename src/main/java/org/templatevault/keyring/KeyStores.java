package org.templatevault.keyring;

import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.templatevault.config.KeyStoreFile;
import org.templatevault.config.Settings;

/** The key stores that the settings name, by the name that {@code key_version.key_store} has for each make. */
final class KeyStores {
    /** A {@link RootKeyFile}. */
    static final String FILE = "PKCS12";
    /** A {@link RootKeyToken}. */
    static final String TOKEN = "PKCS11";

    private final Map<String, RootKeys> stores = new TreeMap<>();
    private final String newest;

    private KeyStores(Settings settings) {
        settings.keyStoreFile()
                .ifPresent(file -> stores.put(FILE, new RootKeyFile(Path.of(file.path()), file.password())));
        settings.keyStoreToken().ifPresent(token -> stores.put(TOKEN, new RootKeyToken(token)));
        newest = settings.keyStore().equals("token") ? TOKEN : FILE;
    }

    /**
     * Opens what is configured; makes the file where it is absent, may be made and is needed by no key version.
     *
     * @param needed the key stores of the living key versions
     * @throws KeyStoreUnavailableException naming the setting, if one of these is not configured, or new root keys could
     *     not be made
     */
    static KeyStores open(Settings settings, Set<String> needed) {
        KeyStores opened = new KeyStores(settings);
        needed.forEach(opened::of);
        boolean fileNeeded = needed.contains(FILE);
        if (fileNeeded || opened.newest.equals(FILE)) {
            settings.keyStoreFile().ifPresent(file -> requireFile(file, fileNeeded));
        }
        opened.of(opened.newest).aliases();
        return opened;
    }

    private static void requireFile(KeyStoreFile settings, boolean needed) {
        RootKeyFile file = new RootKeyFile(Path.of(settings.path()), settings.password());
        if (file.exists()) {
            return;
        }
        if (needed || !settings.create()) {
            throw new KeyStoreUnavailableException(
                    "VAULT_KEYSTORE_FILE: " + settings.path() + " does not exist"
                            + (needed
                                    ? ", and the database holds keys that need it"
                                    : " (VAULT_KEYSTORE_CREATE=true makes it while no key version needs it)"),
                    null);
        }
        file.create();
    }

    /** The name of the make that new root keys are made in. */
    String newest() {
        return newest;
    }

    /** @throws KeyStoreUnavailableException if no key store of this make is configured */
    RootKeys of(String make) {
        RootKeys found = stores.get(make);
        if (found == null) {
            String setting = make.equals(TOKEN) ? "VAULT_PKCS11_TOKEN" : "VAULT_KEYSTORE_FILE";
            throw new KeyStoreUnavailableException(
                    setting + " is not set, and a key version has its root key there", null);
        }
        return found;
    }

    /** The aliases in the key store of this make; none where it is not configured. */
    Set<String> aliases(String make) {
        RootKeys store = stores.get(make);
        return store == null ? Set.of() : store.aliases();
    }

    /** Which of the key stores could be used when they were last looked at. */
    Map<String, Boolean> reachable() {
        Map<String, Boolean> states = new TreeMap<>();
        stores.forEach((make, store) -> states.put(make, store.isReachable()));
        return states;
    }
}
