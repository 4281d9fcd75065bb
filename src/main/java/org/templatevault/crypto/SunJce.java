package org.templatevault.crypto;

import java.security.Provider;
import java.security.Security;

/** The JDK's own provider, looked up once by name so that the order of registered providers decides nothing. */
final class SunJce {
    static final Provider PROVIDER = find();

    private SunJce() {}

    private static Provider find() {
        Provider found = Security.getProvider("SunJCE");
        if (found == null) {
            throw new IllegalStateException("this Java runtime has no SunJCE provider");
        }
        return found;
    }
}
