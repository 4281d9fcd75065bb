package org.templatevault.keyring;

import java.util.HexFormat;
import java.util.UUID;
import org.templatevault.crypto.KeyIdentity;
import org.templatevault.crypto.SecretBytes;
import org.templatevault.crypto.Suite;
import org.templatevault.crypto.WrappedKey;
import org.templatevault.testing.Rows;
import org.templatevault.testing.TestHome;

/** What somebody gets who has the database and the key store's file with its password. */
public final class StolenKey {
    private StolenKey() {}

    /** A service key as it stands in the database now. */
    public static SecretBytes service(TestHome home, ServicePurpose purpose, int number) {
        Rows rows = new Rows(home);
        UUID vault = UUID.fromString(
                rows.texts("select id::text from vault.vault_identity").get(0));
        String where = " from vault.service_key s join vault.key_version v on v.version = s.kek_version"
                + " join vault.key_material m using (version) where purpose = ? and number = ?";
        int version = (int) rows.number("select v.version" + where, purpose.name(), number);
        String alias = rows.texts("select root_key_alias" + where, purpose.name(), number)
                .get(0);
        byte[] kek = bytes(rows, "m.wrapped", where, purpose, number);
        byte[] key = bytes(rows, "s.wrapped", where, purpose, number);
        RootKeyFile file = new RootKeyFile(home.directory().resolve("keystore.p12"), home.keyStorePassword());
        try (SecretBytes opened = file.unwrap(alias, kek, KeyIdentity.kek(vault, version, Suite.AES_256_GCM))) {
            long newest = rows.number("select max(number) from vault.service_key where purpose = ?", purpose.name());
            byte[] identity = number < newest
                    ? KeyIdentity.retiredService(vault, purpose.name(), number, version)
                    : KeyIdentity.service(vault, purpose.name(), number, version);
            return WrappedKey.unwrap(Suite.AES_256_GCM, opened, key, Suite.KEY_BYTES, identity);
        }
    }

    private static byte[] bytes(Rows rows, String column, String where, ServicePurpose purpose, int number) {
        String hex = rows.texts("select encode(" + column + ", 'hex')" + where, purpose.name(), number)
                .get(0);
        return HexFormat.of().parseHex(hex);
    }
}
