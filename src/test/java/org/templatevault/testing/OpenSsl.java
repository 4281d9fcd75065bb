package org.templatevault.testing;

import jakarta.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.concurrent.TimeUnit;

/** The program that auditors have, called as the README says. */
public final class OpenSsl {
    private static final String VERIFIED = "Signature Verified Successfully";

    private final Path directory;

    /** Writes its files there. */
    public OpenSsl(Path directory) {
        this.directory = directory;
    }

    /** Whether there is one of version 3, which older ones do not verify Ed25519 without. */
    public boolean isThere() {
        return run("version").startsWith("OpenSSL 3.");
    }

    /** Whether the answer's signature is one of these bytes by the answer's key. */
    public boolean verifies(JsonObject answer, byte[] signed) {
        try {
            Files.writeString(directory.resolve("key.pem"), answer.getString("publicKey"));
            Files.write(directory.resolve("signed.json"), signed);
            Files.write(directory.resolve("signature.bin"), Base64.getDecoder().decode(answer.getString("signature")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return run("pkeyutl -verify -pubin -inkey key.pem -rawin -in signed.json -sigfile signature.bin")
                .contains(VERIFIED);
    }

    private String run(String arguments) {
        try {
            Process process = new ProcessBuilder(("openssl " + arguments).split(" ", -1))
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(directory.resolve("openssl.out").toFile())
                    .start();
            if (!process.waitFor(30, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
            return Files.readString(directory.resolve("openssl.out"));
        } catch (IOException noOpenSsl) {
            return "";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted", e);
        }
    }
}
