/** The benchmark: the packaged server's figures beside the floors of the same machine, in one run. No thresholds. */
@NullMarked
package org.templatevault.bench;

import org.jspecify.annotations.NullMarked;
