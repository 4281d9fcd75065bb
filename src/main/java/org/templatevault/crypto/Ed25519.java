package org.templatevault.crypto;

import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;
import org.bouncycastle.crypto.params.Ed25519PublicKeyParameters;
import org.bouncycastle.crypto.signers.Ed25519Signer;

/** Signatures with Ed25519 (RFC 8032, section 5.1). */
public final class Ed25519 {
    /** SubjectPublicKeyInfo of an Ed25519 key is this and the 32 bytes of the key (RFC 8410, section 4). */
    private static final byte[] INFO = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

    private Ed25519() {}

    /**
     * Signs a message.
     *
     * @param seed the private key, 32 bytes
     * @return 64 bytes
     */
    public static byte[] sign(SecretBytes seed, byte[] message) {
        Ed25519Signer signer = new Ed25519Signer();
        signer.init(true, new Ed25519PrivateKeyParameters(seed.reveal()));
        signer.update(message, 0, message.length);
        return signer.generateSignature();
    }

    /**
     * Whether a signature is this key's over this message.
     *
     * @param publicKey as {@link #publicKey} gives it
     */
    public static boolean verify(byte[] publicKey, byte[] message, byte[] signature) {
        Ed25519Signer verifier = new Ed25519Signer();
        verifier.init(false, new Ed25519PublicKeyParameters(publicKey, INFO.length));
        verifier.update(message, 0, message.length);
        return verifier.verifySignature(signature);
    }

    /** The public key of a seed as a DER SubjectPublicKeyInfo, 44 bytes: what {@code openssl} reads. */
    public static byte[] publicKey(SecretBytes seed) {
        byte[] key = new Ed25519PrivateKeyParameters(seed.reveal())
                .generatePublicKey()
                .getEncoded();
        byte[] info = new byte[INFO.length + key.length];
        System.arraycopy(INFO, 0, info, 0, INFO.length);
        System.arraycopy(key, 0, info, INFO.length, key.length);
        return info;
    }
}
