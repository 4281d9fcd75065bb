package org.templatevault.rest;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.templatevault.config.Settings;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;
import org.templatevault.persistence.Bytes;
import org.templatevault.vault.RequestKey;

/** The headers that a request must or may carry: If-Match, Idempotency-Key, X-Purpose, X-Reason. */
@ApplicationScoped
public class Conditions {
    private static final Pattern STRONG_ETAG = Pattern.compile("\"([1-9][0-9]{0,17})\"");
    private static final Pattern KEY = Pattern.compile("[\\x21-\\x7e]{1,100}");

    private static final Pattern WORDS = Pattern.compile("[ -~]{1,200}");

    @Inject
    Settings settings;

    @Inject
    Caller caller;

    /** The version in a strong If-Match. */
    long ifMatch(@Nullable String header) {
        if (header == null) {
            throw new VaultException(
                    ErrorKind.PRECONDITION_REQUIRED,
                    "if-match-missing",
                    "Name the version that you saw in If-Match",
                    "If-Match",
                    null);
        }
        Matcher etag = STRONG_ETAG.matcher(header.trim());
        if (!etag.matches()) {
            throw malformed("if-match-malformed", "One strong entity tag, such as \"3\"", "If-Match");
        }
        return Long.parseLong(etag.group(1));
    }

    /** As {@link #ifMatch}, for a template's version. */
    int ifMatchVersion(@Nullable String header) {
        return (int) Math.min(Integer.MAX_VALUE - 1, ifMatch(header));
    }

    /** The purpose of a read of content; refuses an absent one and one that is not allowed. */
    String requirePurpose(@Nullable String purpose) {
        return require("purpose", "X-Purpose", purpose, settings.purposes());
    }

    /** The reason of a deletion; refuses an absent one and one that is not allowed. */
    String requireReason(@Nullable String reason) {
        return require("reason", "X-Reason", reason, settings.reasons());
    }

    /** The reason of a legal hold, in the caller's own words. */
    String requireWords(@Nullable String reason) {
        if (reason == null || reason.isBlank()) {
            throw malformed("reason-missing", "Say why in X-Reason", "X-Reason");
        }
        if (!WORDS.matcher(reason).matches()) {
            throw malformed("reason-malformed", "1 to 200 visible ASCII characters and spaces", "X-Reason");
        }
        return reason.trim();
    }

    private static String require(String name, String header, @Nullable String value, Set<String> allowed) {
        if (value == null || value.isBlank()) {
            throw malformed(name + "-missing", "Say what this is for in " + header, header);
        }
        if (!allowed.contains(value)) {
            throw new VaultException(
                    ErrorKind.FORBIDDEN,
                    name + "-not-allowed",
                    header + " must be one of " + allowed.stream().sorted().toList(),
                    header,
                    null);
        }
        return value;
    }

    /**
     * The request's Idempotency-Key, if it has one.
     *
     * @param route method and path
     * @param digest of the body and of whatever else decides the effect
     */
    @Nullable RequestKey requestKey(@Nullable String header, String route, byte[] digest) {
        if (header == null) {
            return null;
        }
        if (!KEY.matcher(header).matches()) {
            throw malformed("idempotency-key-malformed", "1 to 100 visible ASCII characters", "Idempotency-Key");
        }
        MessageDigest sha256 = sha256();
        sha256.update(route.getBytes(StandardCharsets.UTF_8));
        sha256.update((byte) 0);
        sha256.update(digest);
        return new RequestKey(caller.name(), header, Bytes.of(sha256.digest()));
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every JDK has SHA-256", e);
        }
    }

    private static VaultException malformed(String code, String message, String field) {
        return new VaultException(ErrorKind.MALFORMED, code, message, field, null);
    }
}
