/**
 * What somebody is doing, as the thread that does it knows it.
 *
 * <p>Duty: collect who, what, about whom and with what outcome, for the audit trail. Must not know how the trail is
 * written, nor any other package of the vault.
 */
@NullMarked
package org.templatevault.audit;

import org.jspecify.annotations.NullMarked;
