/**
 * Keys in memory, authenticated encryption, wrapping of keys, HMAC and HKDF.
 *
 * <p>Duty: the only place that touches a cipher or a MAC. Every algorithm is asked of a named provider object; no
 * provider is registered, no cipher is kept between calls. Must not know subjects, templates, the database, the key
 * store, Jakarta EE or a log.
 */
@NullMarked
package org.templatevault.crypto;

import org.jspecify.annotations.NullMarked;
