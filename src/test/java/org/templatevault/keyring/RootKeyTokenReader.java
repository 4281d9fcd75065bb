package org.templatevault.keyring;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.templatevault.config.KeyStoreToken;
import org.templatevault.crypto.SecretBytes;

/** Unwraps one KEK in a process of its own and prints it: library, label, PIN, alias, the wrapped KEK, its AAD. */
final class RootKeyTokenReader {
    private RootKeyTokenReader() {}

    public static void main(String[] arguments) {
        RootKeyToken token = new RootKeyToken(new KeyStoreToken(arguments[0], arguments[1], arguments[2]));
        byte[] wrapped = HexFormat.of().parseHex(arguments[4]);
        byte[] aad = arguments[5].getBytes(StandardCharsets.US_ASCII);
        try (SecretBytes kek = token.unwrap(arguments[3], wrapped, aad)) {
            System.out.println(HexFormat.of().formatHex(kek.reveal()));
        }
    }
}
