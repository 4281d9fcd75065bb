package org.templatevault.keyring;

import org.templatevault.persistence.Bytes;

/**
 * An Ed25519 signature by one of the vault's own keys.
 *
 * @param keyNumber which of the keys
 * @param bytes 64 bytes
 * @param publicKey that verifies it, a DER SubjectPublicKeyInfo
 */
public record Signature(int keyNumber, Bytes bytes, Bytes publicKey) {}
