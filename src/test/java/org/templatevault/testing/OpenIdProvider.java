package org.templatevault.testing;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.Signature;
import java.security.interfaces.RSAPublicKey;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import javax.net.ssl.SSLContext;

/**
 * A little OpenID provider: discovery, the authorization code flow with PKCE, keys. It asks nobody for a password and signs
 * in whomever the test says, with the claims that the test says. To a browser it is another site than the vault.
 */
public final class OpenIdProvider implements AutoCloseable {
    /** The client that it knows. */
    public static final String CLIENT = "vault";
    /** That client's secret. */
    public static final String SECRET = "s3cret-c4n4ry";

    private static final String HOST = "127.0.0.1";
    private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

    private final HttpsServer server;
    private final KeyPair known = keys();
    private final KeyPair unknown = keys();
    private final Map<String, Map<String, String>> asked = new ConcurrentHashMap<>();
    private volatile UnaryOperator<JsonObject> claims = UnaryOperator.identity();
    private volatile boolean forging;
    private volatile boolean refusing;
    private volatile boolean asking;

    private OpenIdProvider(HttpsServer server) {
        this.server = server;
    }

    /** Starts one on a free port of the loopback network. */
    public static OpenIdProvider start(SSLContext tls) {
        try {
            HttpsServer server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            server.setHttpsConfigurator(new HttpsConfigurator(tls));
            OpenIdProvider provider = new OpenIdProvider(server);
            server.createContext("/", provider::answer);
            server.start();
            return provider;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Who it is, and where. */
    public String issuer() {
        return "https://" + HOST + ":" + server.getAddress().getPort();
    }

    /** From now on the claims of its ID tokens are changed like this, and signed by its own key. */
    public void claim(UnaryOperator<JsonObject> change) {
        claims = change;
        forging = false;
        refusing = false;
        asking = false;
    }

    /** From now on it signs by a key that it does not publish. */
    public void forge() {
        forging = true;
    }

    /** From now on it lets nobody in. */
    public void refuse() {
        refusing = true;
    }

    /** From now on it shows a page with one link, by which the person goes on. */
    public void ask() {
        asking = true;
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            switch (path) {
                case "/authorize" -> authorize(exchange);
                case "/token" -> token(exchange);
                case "/jwks" -> send(exchange, 200, jwks());
                default -> send(exchange, path.startsWith("/.well-known/") ? 200 : 404, discovery());
            }
        }
    }

    private JsonObject discovery() {
        return Json.createObjectBuilder()
                .add("issuer", issuer())
                .add("authorization_endpoint", issuer() + "/authorize")
                .add("token_endpoint", issuer() + "/token")
                .add("jwks_uri", issuer() + "/jwks")
                .add("response_types_supported", Json.createArrayBuilder().add("code"))
                .add("subject_types_supported", Json.createArrayBuilder().add("public"))
                .add(
                        "id_token_signing_alg_values_supported",
                        Json.createArrayBuilder().add("RS256"))
                .add(
                        "token_endpoint_auth_methods_supported",
                        Json.createArrayBuilder().add("client_secret_basic"))
                .add("scopes_supported", Json.createArrayBuilder().add("openid").add("profile"))
                .add(
                        "code_challenge_methods_supported",
                        Json.createArrayBuilder().add("S256"))
                .build();
    }

    private void authorize(HttpExchange exchange) throws IOException {
        Map<String, String> query = parameters(exchange.getRequestURI().getRawQuery());
        String code = UUID.randomUUID().toString();
        asked.put(code, query);
        String back = query.get("redirect_uri") + (refusing ? "?error=access_denied" : "?code=" + code) + "&state="
                + URLEncoder.encode(String.valueOf(query.get("state")), StandardCharsets.UTF_8);
        if (asking) {
            send(exchange, 200, "text/html", "<a href=\"" + back.replace("&", "&amp;") + "\">Go on as anna</a>");
            return;
        }
        exchange.getResponseHeaders().set("Location", URI.create(back).toString());
        exchange.sendResponseHeaders(302, -1);
    }

    private void token(HttpExchange exchange) throws IOException {
        Map<String, String> body =
                parameters(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
        Map<String, String> query = asked.remove(String.valueOf(body.get("code")));
        String credentials =
                "Basic " + Base64.getEncoder().encodeToString((CLIENT + ":" + SECRET).getBytes(StandardCharsets.UTF_8));
        if (query == null) {
            send(
                    exchange,
                    400,
                    Json.createObjectBuilder().add("error", "invalid_grant").build());
            return;
        }
        boolean right = credentials.equals(exchange.getRequestHeaders().getFirst("Authorization"))
                && challenge(String.valueOf(body.get("code_verifier"))).equals(query.get("code_challenge"));
        if (!right) {
            send(
                    exchange,
                    401,
                    Json.createObjectBuilder().add("error", "invalid_client").build());
            return;
        }
        send(
                exchange,
                200,
                Json.createObjectBuilder()
                        .add("access_token", UUID.randomUUID().toString())
                        .add("token_type", "Bearer")
                        .add("expires_in", 300)
                        .add("id_token", signed(claims.apply(claims(String.valueOf(query.get("nonce"))))))
                        .build());
    }

    private JsonObject claims(String nonce) {
        long now = Instant.now().getEpochSecond();
        return Json.createObjectBuilder()
                .add("iss", issuer())
                .add("aud", CLIENT)
                .add("sub", "anna")
                .add("iat", now)
                .add("exp", now + 300)
                .add("nonce", nonce)
                .add("groups", Json.createArrayBuilder().add("operator").add("auditor"))
                .build();
    }

    private String signed(JsonObject payload) {
        try {
            String content = encoded("{\"alg\":\"RS256\",\"kid\":\"one\"}") + "." + encoded(payload.toString());
            Signature signature = Signature.getInstance("SHA256withRSA");
            signature.initSign((forging ? unknown : known).getPrivate());
            signature.update(content.getBytes(StandardCharsets.US_ASCII));
            return content + "." + BASE64.encodeToString(signature.sign());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("The token cannot be signed", e);
        }
    }

    private JsonObject jwks() {
        RSAPublicKey key = (RSAPublicKey) known.getPublic();
        return Json.createObjectBuilder()
                .add(
                        "keys",
                        Json.createArrayBuilder()
                                .add(Json.createObjectBuilder()
                                        .add("kty", "RSA")
                                        .add("use", "sig")
                                        .add("alg", "RS256")
                                        .add("kid", "one")
                                        .add("n", number(key.getModulus()))
                                        .add("e", number(key.getPublicExponent()))))
                .build();
    }

    private static String number(BigInteger value) {
        byte[] bytes = value.toByteArray();
        return BASE64.encodeToString(bytes[0] == 0 ? Arrays.copyOfRange(bytes, 1, bytes.length) : bytes);
    }

    private static String encoded(String json) {
        return BASE64.encodeToString(json.getBytes(StandardCharsets.UTF_8));
    }

    private static String challenge(String verifier) {
        try {
            return BASE64.encodeToString(
                    MessageDigest.getInstance("SHA-256").digest(verifier.getBytes(StandardCharsets.US_ASCII)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every JDK has SHA-256", e);
        }
    }

    private static Map<String, String> parameters(String text) {
        Map<String, String> found = new HashMap<>();
        for (String pair : text.split("&", -1)) {
            int equals = pair.indexOf('=');
            found.put(pair.substring(0, equals), URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8));
        }
        return found;
    }

    private static void send(HttpExchange exchange, int status, JsonObject json) throws IOException {
        send(exchange, status, "application/json", json.toString());
    }

    private static void send(HttpExchange exchange, int status, String type, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
    }

    private static KeyPair keys() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(2048);
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("No RSA here", e);
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
