/**
 * The command line: what a person or a script types, and what it says back.
 *
 * <p>Duty: options, confirmations, tables, progress, exit codes, batches that can be taken up again. It knows {@code
 * client} and, of the server, only the API over HTTPS. It is part of the runnable jar and not of the WAR.
 */
@NullMarked
package org.templatevault.cli;

import org.jspecify.annotations.NullMarked;
