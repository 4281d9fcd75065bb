package org.templatevault.testing;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.time.Instant;
import java.util.Base64;
import java.util.UUID;

/** Makes signed tokens as an identity provider would (MicroProfile JWT, RS256), with a key pair of its own. */
public final class TokenIssuer {
    /** The issuer that the tokens name. */
    public static final String NAME = "https://issuer.test";

    private static final String AUDIENCE = "template-vault";

    private final KeyPair keys;

    private TokenIssuer(KeyPair keys) {
        this.keys = keys;
    }

    /** An issuer with a new key pair. */
    public static TokenIssuer create() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(2048);
            return new TokenIssuer(generator.generateKeyPair());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("No RSA here", e);
        }
    }

    /** Writes the public key, as PEM. */
    public TokenIssuer publish(Path file) {
        try {
            String body = Base64.getMimeEncoder(64, new byte[] {'\n'})
                    .encodeToString(keys.getPublic().getEncoded());
            Files.writeString(file, "-----BEGIN PUBLIC KEY-----\n" + body + "\n-----END PUBLIC KEY-----\n");
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The claims of a token that is good for ten minutes. */
    public static JsonObject claims(String name, String... groups) {
        long now = Instant.now().getEpochSecond();
        JsonObjectBuilder claims = Json.createObjectBuilder()
                .add("iss", NAME)
                .add("aud", AUDIENCE)
                .add("sub", name)
                .add("upn", name)
                .add("jti", UUID.randomUUID().toString())
                .add("iat", now)
                .add("exp", now + 600);
        return claims.add("groups", Json.createArrayBuilder(java.util.List.of(groups)))
                .build();
    }

    /** The Authorization header with a token of these claims. */
    public String bearer(JsonObject claims) {
        try {
            String head = encode("{\"alg\":\"RS256\",\"typ\":\"JWT\"}".getBytes(StandardCharsets.UTF_8));
            String content = head + "." + encode(claims.toString().getBytes(StandardCharsets.UTF_8));
            Signature signature = Signature.getInstance("SHA256withRSA");
            signature.initSign(keys.getPrivate());
            signature.update(content.getBytes(StandardCharsets.US_ASCII));
            return "Bearer " + content + "." + encode(signature.sign());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("The token cannot be signed", e);
        }
    }

    private static String encode(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}
