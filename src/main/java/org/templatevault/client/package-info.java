/**
 * Speaks to a vault over HTTPS, as any other caller: where it is, as whom, and what its answers mean.
 *
 * <p>Duty: TLS that is always verified, credentials that are never printed, refusals as exceptions, waiting where the
 * vault asks for it, files that are whole or not there. It knows the API and nothing of the server's packages. It is
 * not part of the WAR.
 */
@NullMarked
package org.templatevault.client;

import org.jspecify.annotations.NullMarked;
