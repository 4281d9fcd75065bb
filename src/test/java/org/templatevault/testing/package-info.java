/**
 * Fixtures, all written by hand: test homes with their own PostgreSQL, servers as child processes, a client, a proxy
 * before the database, makers of templates and of damage.
 */
@NullMarked
package org.templatevault.testing;

import org.jspecify.annotations.NullMarked;
