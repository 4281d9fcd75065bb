/**
 * What is stored of a template, of a subject's keys and of a subject's reference, byte by byte.
 *
 * <p>Duty: pack, pad and seal under an identity, and open again or refuse. Must not know where the bytes are stored,
 * which version of a KEK is active, Jakarta EE or a log.
 */
@NullMarked
package org.templatevault.envelope;

import org.jspecify.annotations.NullMarked;
