/**
 * Rotation: a new KEK version, then a batch job that moves every subject to it while the vault serves.
 *
 * <p>Duty: the life of a rotation and the artefacts of its job. The state of rows decides what is left, never the state
 * of the job. Must not know HTTP.
 */
@NullMarked
package org.templatevault.rotation;

import org.jspecify.annotations.NullMarked;
