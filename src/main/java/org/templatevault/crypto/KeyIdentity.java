package org.templatevault.crypto;

import java.util.UUID;

/** The associated data of wrapped keys other than a subject's: which key this is, under which key it stands. */
public final class KeyIdentity {
    private KeyIdentity() {}

    /**
     * Of a KEK wrapped by its root key, label {@code tv/kek}: KEK version (int), wrap suite (int, its code).
     *
     * @param wrapSuite what this KEK wraps with
     */
    public static byte[] kek(UUID vault, int kekVersion, Suite wrapSuite) {
        return AssociatedData.of("tv/kek", vault)
                .add(kekVersion)
                .add((int) wrapSuite.code())
                .toBytes();
    }

    /**
     * Of a service key wrapped by a KEK, label {@code tv/service}: purpose (text), number (int), KEK version (int).
     *
     * @param purpose such as {@code REFERENCE_INDEX}
     */
    public static byte[] service(UUID vault, String purpose, int number, int kekVersion) {
        return service("tv/service", vault, purpose, number, kekVersion);
    }

    /** Of a service key that another one has followed, label {@code tv/service-retired}: as {@link #service}. */
    public static byte[] retiredService(UUID vault, String purpose, int number, int kekVersion) {
        return service("tv/service-retired", vault, purpose, number, kekVersion);
    }

    private static byte[] service(String label, UUID vault, String purpose, int number, int kekVersion) {
        return AssociatedData.of(label, vault)
                .add(purpose)
                .add(number)
                .add(kekVersion)
                .toBytes();
    }
}
