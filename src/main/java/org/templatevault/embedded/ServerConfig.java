package org.templatevault.embedded;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/** Writes the part of the server's configuration that the embedded default generates: variables and users. */
public final class ServerConfig {
    /** The roles of the API; the embedded default has one user for each, of the same name. */
    public static final List<String> ROLES =
            List.of("enroller", "reader", "eraser", "key-custodian", "approver", "auditor", "operator");

    private ServerConfig() {}

    /**
     * Writes {@code server/embedded.xml}, and {@code credentials.properties} where it is absent.
     *
     * @param databaseUrl the JDBC URL that the server shall use: the database's own, or a proxy's before it
     * @param variables further settings, which win over the environment
     */
    public static void write(Home home, Database database, String databaseUrl, Map<String, String> variables)
            throws IOException {
        Properties users = home.secrets("credentials.properties", ROLES.toArray(String[]::new));
        Properties stores = home.secrets("keystore.properties", "keystore", "tls");
        Certificate.ensure(home, stores.getProperty("tls"));
        Map<String, String> all = new LinkedHashMap<>();
        all.put("VAULT_HTTPS_HOST", "localhost");
        all.put("VAULT_DB_URL", databaseUrl);
        all.put("VAULT_DB_USER", Database.APPLICATION);
        all.put("VAULT_DB_PASSWORD", database.password(Database.APPLICATION));
        all.put("VAULT_KEYSTORE_FILE", home.file("keystore.p12").toString());
        all.put("VAULT_KEYSTORE_PASSWORD", stores.getProperty("keystore"));
        all.put("VAULT_KEYSTORE_CREATE", "true");
        all.put("VAULT_TLS_KEYSTORE_FILE", home.file("tls.p12").toString());
        all.put("VAULT_TLS_KEYSTORE_PASSWORD", stores.getProperty("tls"));
        all.put("VAULT_AUDIT_CHECKPOINT_FILE", home.file("checkpoints.ndjson").toString());
        all.putAll(variables);
        Home.write(home.directory("server").resolve("embedded.xml"), xml(all, users));
    }

    private static String xml(Map<String, String> variables, Properties users) {
        StringBuilder xml = new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<server>\n");
        variables.forEach((name, value) -> xml.append("  <variable name=\"")
                .append(name)
                .append("\" value=\"")
                .append(escape(value))
                .append("\"/>\n"));
        xml.append("  <basicRegistry id=\"basic\" realm=\"TemplateVault\">\n");
        ROLES.forEach(role -> user(xml, role, users.getProperty(role)));
        for (String role : ROLES) {
            xml.append("    <group name=\"").append(role).append("\"><member name=\"");
            xml.append(role).append("\"/></group>\n");
        }
        return xml.append("  </basicRegistry>\n</server>\n").toString();
    }

    private static void user(StringBuilder xml, String name, String password) {
        xml.append("    <user name=\"").append(name).append("\" password=\"");
        xml.append(escape(password)).append("\"/>\n");
    }

    private static String escape(String value) {
        return value.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;");
    }
}
