/**
 * The keys above the data: root keys in their key store, key encryption keys in memory, service keys.
 *
 * <p>Duty: hold the key ring, wrap and unwrap with it, make new versions durable before anybody uses them. Must not know
 * templates, HTTP or batch jobs.
 */
@NullMarked
package org.templatevault.keyring;

import org.jspecify.annotations.NullMarked;
