/**
 * The console's way in: signing in and out, the session's cookie and how its caller is known to the API, the console's
 * files and the headers that confine them.
 *
 * <p>Duty: nobody acts under a session but the person who signed in, by the console's own pages. Must not know what the
 * API does, nor any key.
 */
@NullMarked
package org.templatevault.session;

import org.jspecify.annotations.NullMarked;
