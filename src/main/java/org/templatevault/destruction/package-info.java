/**
 * The end of a key version: proof that nothing needs it, two people, the steps in their order, the certificate.
 *
 * <p>Duty: carry a destruction from its request to its certificate so that a crash between any two steps is made good by
 * the next start. Must not know HTTP.
 */
@NullMarked
package org.templatevault.destruction;

import org.jspecify.annotations.NullMarked;
