// Who is signed in, and until when.
import { readSession, endSession, signIn, useSession } from './api.js';
import { allows } from './roles.js';

let session = { caller: '', roles: [] };

export async function open() {
  session = await readSession();
  useSession(session);
  return session;
}

export const caller = () => session.caller;
export const roles = () => session.roles;

/** Whether this person may call this, such as 'POST /rotations'. */
export const may = (call) => allows(session.roles, call);

export async function close() {
  await endSession();
  await signIn();
}
