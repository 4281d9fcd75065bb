package org.templatevault.error;

/** The kinds of failure that leave the vault; {@code rest} maps each to one status and one code. */
public enum ErrorKind {
    /** The request cannot be parsed. */
    MALFORMED,
    /** The request was understood and breaks a rule. */
    INVALID,
    /** No such thing, or not visible to this caller. */
    NOT_FOUND,
    /** The thing was erased and will not come back. */
    ERASED,
    /** The request does not fit the present state. */
    CONFLICT,
    /** The version that the caller named in {@code If-Match} is not the present one. */
    STALE,
    /** A condition such as {@code If-Match} is required and absent. */
    PRECONDITION_REQUIRED,
    /** The caller may not do this. */
    FORBIDDEN,
    /** A body or an item is over its limit. */
    TOO_LARGE,
    /** A body broke off or came too slowly. */
    INCOMPLETE,
    /** An idempotency key came back with another request. */
    IDEMPOTENCY_MISMATCH,
    /** Not done because another part of the same atomic request failed. */
    ROLLED_BACK,
    /** Stored bytes do not authenticate: wrong key, wrong associated data, a flipped bit. */
    INTEGRITY,
    /** The database, the key store or this node's key ring cannot serve now. */
    UNAVAILABLE
}
