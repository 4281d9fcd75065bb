/**
 * What leaves the vault where traces are on ({@code VAULT_TRACING}): for each request its route, method, status and times,
 * and nothing by which a person could be known.
 *
 * <p>Duty: a list of what may leave; everything else stays, also what a later server adds. Loaded by the server's
 * OpenTelemetry only, so that nothing else may use its classes. Must not know what the vault does.
 */
@NullMarked
package org.templatevault.tracing;

import org.jspecify.annotations.NullMarked;
