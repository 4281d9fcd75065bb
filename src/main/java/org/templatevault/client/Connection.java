package org.templatevault.client;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** Where a vault is, which certificates prove that it is the one, and as whom to speak to it. Prints no credentials. */
public final class Connection {
    private static final String API = "/api/v1";

    private final URI address;
    private final SSLContext trust;
    private final String authorization;

    private Connection(URI address, SSLContext trust, String authorization) {
        this.address = address;
        this.trust = trust;
        this.authorization = authorization;
    }

    /**
     * A connection that signs in by name and password.
     *
     * @param url https only, with or without the API's base path
     * @param certificates PEM file of the certificates to trust; null for those of the JVM
     * @throws IllegalArgumentException if the URL, the file or the name cannot be used; the message says why
     */
    public static Connection basic(URI url, @Nullable Path certificates, String user, String password) {
        if (user.isEmpty() || user.indexOf(':') >= 0) {
            throw new IllegalArgumentException("a user's name is not empty and has no colon");
        }
        byte[] pair = (user + ":" + password).getBytes(StandardCharsets.UTF_8);
        return new Connection(
                address(url),
                Trust.in(certificates),
                "Basic " + Base64.getEncoder().encodeToString(pair));
    }

    /**
     * A connection that signs in by a token.
     *
     * @param certificates PEM file of the certificates to trust; null for those of the JVM
     * @throws IllegalArgumentException if the URL, the file or the token cannot be used; the message says why
     */
    public static Connection bearer(URI url, @Nullable Path certificates, String token) {
        if (!token.matches("[\\x21-\\x7e]+")) {
            throw new IllegalArgumentException("the file of the token does not hold one token");
        }
        return new Connection(address(url), Trust.in(certificates), "Bearer " + token);
    }

    /**
     * Scheme, host and port.
     *
     * @throws IllegalArgumentException unless it is an https address without credentials in it
     */
    public static URI address(URI url) {
        String text = url.toString().replaceFirst("/+$", "");
        if (!"https".equalsIgnoreCase(url.getScheme()) || url.getHost() == null || url.getUserInfo() != null) {
            throw new IllegalArgumentException("an address looks like https://vault.example:9443");
        }
        return URI.create(text.endsWith(API) ? text.substring(0, text.length() - API.length()) : text);
    }

    /** Scheme, host and port, without a path. */
    public URI address() {
        return address;
    }

    SSLContext trust() {
        return trust;
    }

    String authorization() {
        return authorization;
    }

    /** The URI of a path below the API. */
    URI api(String path) {
        return URI.create(address + API + path);
    }

    /** The URI of a path beside the API. */
    URI beside(String path) {
        return URI.create(address + path);
    }

    @Override
    public String toString() {
        return address.toString();
    }
}
