package org.templatevault.testing;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.CookieManager;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/** Speaks to a vault over TLS, trusting the certificate of its home only, as one user or as nobody. */
public final class VaultClient {
    /** The base path of the API. */
    public static final String API = "/api/v1";

    private static final Map<Path, SSLContext> CONTEXTS = new ConcurrentHashMap<>();
    private static final Map<Path, HttpClient> CLIENTS = new ConcurrentHashMap<>();

    private final int port;
    private final Path home;
    /** What every request of this client has. */
    private final Map<String, String> headers;

    VaultClient(int port, Path home) {
        this(port, home, Map.of());
    }

    private VaultClient(int port, Path home, Map<String, String> headers) {
        this.port = port;
        this.home = home;
        this.headers = headers;
    }

    /** This client signed in as the generated user of this role. */
    public VaultClient as(String role) {
        return withPassword(role, password(role));
    }

    /** The password of the generated user of this role. */
    String password(String role) {
        Properties credentials = new Properties();
        try (var reader = Files.newBufferedReader(home.resolve("credentials.properties"))) {
            credentials.load(reader);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return credentials.getProperty(role);
    }

    /** This client with this user name and password. */
    public VaultClient withPassword(String user, String password) {
        return withAuthorization("Basic "
                + Base64.getEncoder().encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8)));
    }

    /** This client with this header. */
    public VaultClient withAuthorization(String header) {
        return with("Authorization", header);
    }

    /** This client with this header on every request. */
    public VaultClient with(String name, String value) {
        Map<String, String> more = new HashMap<>(headers);
        more.put(name, value);
        return new VaultClient(port, home, more);
    }

    /** This client, with what it has to say, at another node of the same home. */
    public VaultClient at(VaultServer other) {
        return new VaultClient(other.port(), home, headers);
    }

    /** This client in a session of the console, as the generated user of this role. */
    public VaultClient inSession(String role) {
        Answer signedIn = signIn(role, password(role));
        VaultClient session = with("Cookie", signedIn.expect(204).cookies());
        String csrf = session.callOutside("GET", "/console/session")
                .send()
                .expect(200)
                .json()
                .getString("csrf");
        return session.with("X-CSRF-Token", csrf);
    }

    /** Asks for a session of the console. */
    public Answer signIn(String user, String password) {
        return callOutside("POST", "/console/session")
                .json(Json.createObjectBuilder()
                        .add("user", user)
                        .add("password", password)
                        .build())
                .send();
    }

    /** A request to this path below the API's base. */
    public Call call(String method, String path) {
        return callOutside(method, API + path);
    }

    /** A request to this path of the server. */
    public Call callOutside(String method, String path) {
        return new Call(http(home), method, address(path), headers);
    }

    /** GET below the API's base. */
    public Call get(String path) {
        return call("GET", path);
    }

    /** POST below the API's base. */
    public Call post(String path) {
        return call("POST", path);
    }

    /** PUT below the API's base. */
    public Call put(String path) {
        return call("PUT", path);
    }

    /** DELETE below the API's base. */
    public Call delete(String path) {
        return call("DELETE", path);
    }

    /** Whether the server answers that it is ready. */
    public boolean isReady() {
        try {
            return callOutside("GET", "/health/ready")
                            .timeout(Duration.ofSeconds(5))
                            .send()
                            .status()
                    == 200;
        } catch (UncheckedIOException notYet) {
            return false;
        }
    }

    /** Stores a template's bytes for a subject; the answer must be 201. */
    public Stored store(UUID subject, byte[] template) {
        return store(subject, "modality=FINGERPRINT&format=ISO_19794_2_2005", template);
    }

    /** Stores a template's bytes with these open attributes; the answer must be 201. */
    public Stored store(UUID subject, String query, byte[] template) {
        Answer answer = post("/subjects/" + subject + "/templates?" + query)
                .octets(template)
                .send()
                .expect(201);
        return new Stored(subject, UUID.fromString(answer.json().getString("template")));
    }

    /** Reads a template's content as bytes, whatever the answer. */
    public Answer read(Stored stored) {
        return get(stored.path() + "/content")
                .header("X-Purpose", "verification")
                .header("Accept", "application/octet-stream")
                .send();
    }

    /** Erases a subject as it is now, whatever the answer; for an eraser. */
    public Answer erase(UUID subject, String reason) {
        String path = "/subjects/" + subject;
        return delete(path)
                .header("If-Match", get(path).send().header("ETag"))
                .header("X-Reason", reason)
                .send();
    }

    /** Registers a backup that is kept for a month; its id; for an operator. */
    public String registerCopy(String kind, Instant takenAt) {
        return post("/copies")
                .json(Json.createObjectBuilder()
                        .add("kind", kind)
                        .add("name", kind + " of the tests")
                        .add("takenAt", takenAt.toString())
                        .add("expiresAt", takenAt.plus(Duration.ofDays(30)).toString())
                        .build())
                .send()
                .expect(201)
                .json()
                .getString("id");
    }

    /** What the vault does by itself under this name; for an operator or an auditor. */
    public JsonObject schedule(String name) {
        return get("/schedules")
                .send()
                .expect(200)
                .json()
                .getJsonArray("schedules")
                .getValuesAs(JsonObject.class)
                .stream()
                .filter(schedule -> schedule.getString("name").equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** A template that the vault acknowledged. */
    public record Stored(UUID subject, UUID template) {
        /** Its path below the API's base. */
        public String path() {
            return "/subjects/" + subject + "/templates/" + template;
        }
    }

    /** What a browser does with addresses and cookies, trusting this home's certificate: it follows and keeps them. */
    public HttpClient browser(CookieManager cookies) {
        return HttpClient.newBuilder()
                .sslContext(context(home))
                .cookieHandler(cookies)
                .followRedirects(HttpClient.Redirect.ALWAYS)
                .connectTimeout(Duration.ofSeconds(10))
                .build();
    }

    /** The full address of a path of the server. */
    public URI address(String path) {
        return URI.create("https://localhost:" + port + path);
    }

    /** A TLS connection of its own, for callers who speak HTTP themselves. */
    public SSLSocket connect() throws IOException {
        return (SSLSocket) context(home).getSocketFactory().createSocket("localhost", port);
    }

    /** The value of the Authorization header, empty for nobody. */
    public String authorization() {
        return headers.getOrDefault("Authorization", "");
    }

    /** Writes these bytes as they stand to a TLS connection and reads what comes until the server closes it. */
    public String raw(String request) {
        return raw(request, "127.0.0.1");
    }

    /** As {@link #raw(String)}, from this address of the loopback network. */
    public String raw(String request, String from) {
        try (SSLSocket socket = (SSLSocket)
                context(home).getSocketFactory().createSocket("127.0.0.1", port, InetAddress.getByName(from), 0)) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            socket.getOutputStream().flush();
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static SSLContext context(Path home) {
        return CONTEXTS.computeIfAbsent(home, VaultClient::trusting);
    }

    private static SSLContext trusting(Path home) {
        try (InputStream pem = Files.newInputStream(home.resolve("tls.pem"))) {
            KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
            trusted.load(null, null);
            trusted.setCertificateEntry(
                    "vault", CertificateFactory.getInstance("X.509").generateCertificate(pem));
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(trusted);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, trust.getTrustManagers(), null);
            return context;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("The certificate of " + home + " cannot be trusted", e);
        }
    }

    private static HttpClient http(Path home) {
        return CLIENTS.computeIfAbsent(
                home,
                of -> HttpClient.newBuilder()
                        .sslContext(context(of))
                        .version(HttpClient.Version.HTTP_1_1)
                        .connectTimeout(Duration.ofSeconds(10))
                        .build());
    }
}
