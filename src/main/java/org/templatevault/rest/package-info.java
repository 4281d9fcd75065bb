/**
 * The REST API: JAX-RS resources, the JSON shapes, problem documents, the log line of each request.
 *
 * <p>Duty: translate between HTTP and the vault. Must not know rows, keys or SQL.
 */
@NullMarked
package org.templatevault.rest;

import org.jspecify.annotations.NullMarked;
