package org.templatevault.erasure;

import org.templatevault.persistence.Bytes;
import org.templatevault.persistence.Erasures;

/**
 * A record of an erasure as it leaves this database for another copy of it.
 *
 * @param mac 32 bytes, by which the vault knows it again
 */
public record SealedRecord(Erasures.Exported record, Bytes mac) {}
