/** The console as a person sees it: in a browser, against a running server. */
@NullMarked
package org.templatevault.console;

import org.jspecify.annotations.NullMarked;
