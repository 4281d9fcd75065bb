/**
 * Kills, races and long runs on a real server: what the vault acknowledged must be there whatever was killed, and nothing
 * else.
 */
@NullMarked
package org.templatevault.chaos;

import org.jspecify.annotations.NullMarked;
