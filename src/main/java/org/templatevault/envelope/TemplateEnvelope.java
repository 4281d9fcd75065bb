package org.templatevault.envelope;

import org.templatevault.crypto.Aead;
import org.templatevault.crypto.AuthenticationFailedException;
import org.templatevault.crypto.SecretBytes;
import org.templatevault.crypto.Suite;

/**
 * The stored bytes of one sealed template.
 *
 * <p>Lengths in bytes, integers unsigned and big-endian:
 *
 * <ol>
 *   <li>envelope format version, 1: {@code 1}
 *   <li>suite, 1: {@link Suite#code()}, which must be the suite of the identity
 *   <li>nonce, 12: random for every sealing
 *   <li>ciphertext, 512 to 8,650,752, a multiple of 256. Inside it:
 *       <ol>
 *         <li>inner format version, 1: {@code 1}
 *         <li>flags, 1: bit 0 says that the body is compressed
 *         <li>length of the body as it stands here, 4: at most 8,392,706
 *         <li>length of the body inflated, 4: at most 8,392,706
 *         <li>body, at most 8,392,706. Inflated: length of the attributes, 2 ({@code 0xFFFF} for none); attributes, at
 *             most 4,096; template, 1 to 8,388,608
 *         <li>padding: zeros up to a multiple of 256, at least 512 in all; above 4,096 to the larger of that and Padmé
 *       </ol>
 *   <li>tag, 16
 * </ol>
 *
 * <p>Associated data: {@link TemplateIdentity#associatedData()}. Opening has one way to fail, and nothing is inflated or
 * read before the tag held.
 */
public final class TemplateEnvelope {
    /** The version of this byte format. */
    public static final byte FORMAT_VERSION = 1;
    /** By how many bytes an envelope is longer than the packed payload. */
    public static final int OVERHEAD_BYTES = 2 + Aead.OVERHEAD_BYTES;
    /** The longest envelope, in bytes. */
    public static final int MAX_ENVELOPE_BYTES = OVERHEAD_BYTES + Packing.MAX_INNER_BYTES;

    private static final int HEADER_BYTES = 2;

    private TemplateEnvelope() {}

    /** Compresses where that helps, and pads. Needs no key, so it runs before any lock is held. */
    public static PackedPayload pack(Payload payload) {
        return new PackedPayload(Packing.pack(payload));
    }

    /** Seals under a fresh nonce; {@code dek} and {@code packed} stay open. */
    public static byte[] seal(SecretBytes dek, TemplateIdentity id, PackedPayload packed) {
        byte[] header = {FORMAT_VERSION, id.suite().code()};
        return Aead.sealAfter(header, id.suite(), dek, packed.inner(), id.associatedData());
    }

    /**
     * Opens an envelope.
     *
     * @param id the identity that the envelope must have, from the request and the row
     * @throws AuthenticationFailedException if it is not that envelope under that key, bit for bit
     */
    public static Payload open(SecretBytes dek, TemplateIdentity id, byte[] envelope) {
        try (PackedPayload packed = openPacked(dek, id, envelope)) {
            return Packing.unpack(packed.inner());
        }
    }

    /**
     * Opens an envelope and leaves its payload packed, for a re-encryption: the stored length stays what it was.
     *
     * @throws AuthenticationFailedException as {@link #open}
     */
    public static PackedPayload openPacked(SecretBytes dek, TemplateIdentity id, byte[] envelope) {
        boolean known = OVERHEAD_BYTES <= envelope.length
                && envelope.length <= MAX_ENVELOPE_BYTES
                && envelope[0] == FORMAT_VERSION
                && envelope[1] == id.suite().code();
        if (!known) {
            throw new AuthenticationFailedException();
        }
        return new PackedPayload(Aead.open(id.suite(), dek, envelope, HEADER_BYTES, id.associatedData()));
    }
}
