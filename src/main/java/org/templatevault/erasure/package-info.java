/**
 * What follows an erasure: its steps, the signed receipt, and the second erasure of whom a restored database brings back.
 *
 * <p>Duty: record each step when it is first true, say what the others wait for, and never say more than is known. Must
 * not know how a subject is stored, nor HTTP.
 */
@NullMarked
package org.templatevault.erasure;

import org.jspecify.annotations.NullMarked;
