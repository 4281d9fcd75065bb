package org.templatevault.crypto;

import java.security.GeneralSecurityException;
import java.security.spec.AlgorithmParameterSpec;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.IvParameterSpec;
import org.bouncycastle.crypto.InvalidCipherTextException;
import org.bouncycastle.crypto.engines.AESEngine;
import org.bouncycastle.crypto.modes.AEADCipher;
import org.bouncycastle.crypto.modes.ChaCha20Poly1305;
import org.bouncycastle.crypto.modes.GCMBlockCipher;
import org.bouncycastle.crypto.params.AEADParameters;
import org.bouncycastle.crypto.params.KeyParameter;

/**
 * Who computes an authenticated cipher. Takes the nonce from the caller, hence package-private: {@link Aead} is the one
 * caller outside tests. A fresh cipher for each call; nothing is kept.
 */
enum AeadProvider {
    /** The JDK's own. Decrypts into the given array only after the tag held, or clears it. */
    SUN_JCE("SunJCE") {
        @Override
        int run(boolean seal, Suite suite, byte[] key, Text text, byte[] out, int outOffset)
                throws GeneralSecurityException {
            RawKey secret = new RawKey(suite == Suite.AES_256_GCM ? "AES" : "ChaCha20", key.clone());
            try {
                Cipher cipher = Cipher.getInstance(transformation(suite), SunJce.PROVIDER);
                cipher.init(seal ? Cipher.ENCRYPT_MODE : Cipher.DECRYPT_MODE, secret, nonceOf(suite, text.nonce));
                cipher.updateAAD(text.aad);
                return cipher.doFinal(text.input, text.from, text.length(), out, outOffset);
            } finally {
                secret.destroy();
            }
        }
    },
    /**
     * Bouncy Castle's lightweight classes: no provider object, and the output array is ours. They decrypt as they read,
     * so {@link #open} clears the array when the tag does not hold.
     */
    BOUNCY_CASTLE("BC") {
        @Override
        int run(boolean seal, Suite suite, byte[] key, Text text, byte[] out, int outOffset)
                throws GeneralSecurityException {
            AEADCipher cipher = lightweight(suite);
            cipher.init(
                    seal, new AEADParameters(new KeyParameter(key), Suite.TAG_BYTES * Byte.SIZE, text.nonce, text.aad));
            int written = cipher.processBytes(text.input, text.from, text.length(), out, outOffset);
            try {
                return written + cipher.doFinal(out, outOffset + written);
            } catch (InvalidCipherTextException e) {
                throw new AEADBadTagException(e.getMessage());
            }
        }
    };

    /** What a cipher reads: {@code input} from {@code from} to its end. */
    private static final class Text {
        private final byte[] nonce;
        private final byte[] aad;
        private final byte[] input;
        private final int from;

        Text(byte[] nonce, byte[] aad, byte[] input, int from) {
            this.nonce = nonce;
            this.aad = aad;
            this.input = input;
            this.from = from;
        }

        int length() {
            return input.length - from;
        }
    }

    private final String shortName;

    AeadProvider(String shortName) {
        this.shortName = shortName;
    }

    abstract int run(boolean seal, Suite suite, byte[] key, Text text, byte[] out, int outOffset)
            throws GeneralSecurityException;

    String shortName() {
        return shortName;
    }

    /** Writes ciphertext and tag to {@code out} from {@code outOffset}. */
    void seal(Suite suite, byte[] key, byte[] nonce, byte[] aad, byte[] plaintext, byte[] out, int outOffset) {
        try {
            run(true, suite, key, new Text(nonce, aad, plaintext, 0), out, outOffset);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("sealing failed", e);
        }
    }

    /**
     * The plaintext of the ciphertext and tag that stand in {@code sealed} from {@code from} to its end.
     *
     * @throws AuthenticationFailedException if the tag does not hold; nothing of the plaintext is left in memory of ours
     */
    byte[] open(Suite suite, byte[] key, byte[] nonce, byte[] aad, byte[] sealed, int from) {
        Text text = new Text(nonce, aad, sealed, from);
        if (text.length() < Suite.TAG_BYTES) {
            throw new AuthenticationFailedException();
        }
        byte[] out = new byte[text.length() - Suite.TAG_BYTES];
        boolean held = false;
        try {
            held = run(false, suite, key, text, out, 0) == out.length;
        } catch (AEADBadTagException e) {
            throw new AuthenticationFailedException();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("opening failed", e);
        } finally {
            if (!held) {
                Arrays.fill(out, (byte) 0);
            }
        }
        if (!held) {
            throw new AuthenticationFailedException();
        }
        return out;
    }

    private static String transformation(Suite suite) {
        return switch (suite) {
            case CHACHA20_POLY1305 -> "ChaCha20-Poly1305";
            case AES_256_GCM -> "AES/GCM/NoPadding";
        };
    }

    private static AlgorithmParameterSpec nonceOf(Suite suite, byte[] nonce) {
        return switch (suite) {
            case CHACHA20_POLY1305 -> new IvParameterSpec(nonce);
            case AES_256_GCM -> new GCMParameterSpec(Suite.TAG_BYTES * Byte.SIZE, nonce);
        };
    }

    private static AEADCipher lightweight(Suite suite) {
        return switch (suite) {
            case CHACHA20_POLY1305 -> new ChaCha20Poly1305();
            case AES_256_GCM -> GCMBlockCipher.newInstance(AESEngine.newInstance());
        };
    }
}
