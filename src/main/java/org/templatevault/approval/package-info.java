/**
 * Two people: what one asks for, another approves, and nothing of it happens before its time.
 *
 * <p>Duty: record requests, bind a decision to the exact request, say whether one may be carried out. Must not know what
 * is carried out, nor HTTP.
 */
@NullMarked
package org.templatevault.approval;

import org.jspecify.annotations.NullMarked;
