/**
 * The epoch: a new key version at regular times, and the end of the one before, as a standing policy says.
 *
 * <p>Duty: ask rotation and destruction for what is due. Must not know how either is done, nor HTTP.
 */
@NullMarked
package org.templatevault.epoch;

import org.jspecify.annotations.NullMarked;
