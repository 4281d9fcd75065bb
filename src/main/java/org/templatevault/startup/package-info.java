/**
 * The start of the application: settings, database, schema, key ring, in this order, or a refusal that names the cause.
 *
 * <p>Duty: let the server serve only when all of it is right, and say whether it is healthy. Must not know HTTP
 * resources.
 */
@NullMarked
package org.templatevault.startup;

import org.jspecify.annotations.NullMarked;
