// What codes and states mean, in words, and what to do about them.
import { count, number } from './format.js';

/** What needs attention: a sentence, where to go, and how bad it is. */
export const ATTENTION = {
  'missing-root-keys': (n) => ['bad', `${count(n, 'root key')} of versions in use ${n === 1 ? 'is' : 'are'} not in the key store. Stop no node: put the right copy of the file back, or rotate. The log names them.`, '#/keys'],
  'destroyed-root-keys': (n) => ['bad', `${count(n, 'root key')} of destroyed versions came back into the key store. Delete them from the file or token; the log names them.`, '#/keys'],
  'trail-damaged': (n) => ['bad', `The last verification of the audit trail found ${count(n, 'thing')}. Verify again and follow what it names.`, '#/audit'],
  'key-store-unreachable': (n) => ['bad', `${count(n, 'key store')} cannot be used. Reads and stores go on; rotations wait. Look at its host, and do not restart a node meanwhile.`, '#/keys'],
  'node-clock': (n) => ['bad', `The clocks of ${count(n, 'node')} and of the database are apart. ${n === 1 ? 'It does' : 'They do'} no rotation, erasure of many or destruction. Set the clock.`, '#/'],
  quarantine: (n) => ['bad', `${count(n, 'row')} did not open and ${n === 1 ? 'is' : 'are'} in quarantine. Find out what changed the bytes.`, '#/quarantine'],
  'rotation-stalled': () => ['bad', 'The rotation moves nothing. It says what it waits for.', '#/jobs'],
  'rotation-paused': () => ['warn', 'The rotation is paused. Resume it when the reason is gone.', '#/jobs'],
  'erasure-stalled': (n) => ['warn', `${count(n, 'erasure')} of many ${n === 1 ? 'is' : 'are'} paused or failed. Resume, or cancel.`, '#/jobs'],
  'rotation-due': () => ['warn', 'A rotation is due: the active key version is old, or has wrapped often.', '#/keys'],
  'wraps-high': () => ['bad', 'The active key version has wrapped a quarter of what it may. Rotate soon.', '#/keys'],
  'retention-overdue': (n) => ['bad', `${count(n, 'subject')} ${n === 1 ? 'is' : 'are'} kept longer than the policy says. Is the daily erasure on?`, '#/retention'],
  'approvals-waiting': (n) => ['warn', `${count(n, 'request')} ${n === 1 ? 'waits' : 'wait'} for a second person.`, '#/approvals'],
  'erasures-waiting': (n) => ['warn', `${count(n, 'erasure')} ${n === 1 ? 'is' : 'are'} not gone from every copy, the oldest for more than a month. A receipt says what it waits for.`, '#/erasures'],
  'trail-not-verified': () => ['warn', 'The audit trail was not verified in the last week.', '#/audit'],
  'node-silent': (n) => ['warn', `${count(n, 'node')} went silent without stopping. Look at its host.`, '#/'],
};

export const ROTATION = {
  REQUESTED: 'Noted. The next key version is being made.',
  STAGED: 'The next version is made. It waits until every node holds it.',
  ACTIVATED: 'The new version wraps. What there is to move is counted.',
  REENCRYPTING: 'The job moves subject after subject.',
  PAUSED: 'Somebody paused it. Both versions are usable; resume it to go on.',
  VERIFYING: 'Everything was passed. The proof that the old version is empty is being made.',
  DRAINED: 'No row is under an older version. The old version can be destroyed now.',
  DRAINED_WITH_QUARANTINE: 'No row is under an older version but those that did not open. See the quarantine.',
  CANCELLED: 'Given up. Both versions stay usable; the next rotation moves what is left.',
  FAILED: 'The job failed ten times without moving anything. The log says why. Mend it, then resume.',
};

export const KEY = {
  PRE_ACTIVE: 'made, wraps nothing yet',
  ACTIVE: 'wraps and unwraps',
  DEACTIVATED: 'unwraps only',
  COMPROMISED: 'unwraps only; stores move their subject away first',
  DESTROYING: 'its destruction is approved; still unwraps',
  DESTROYED: 'gone, with all that stood under it alone',
};

export const DAMAGE = {
  WRONG_KEY: 'It opens under another key than the row names.',
  MOVED_ROW: 'The same bytes stand at another place.',
  CORRUPT: 'No explanation opens it: the bytes are changed.',
  STALE: 'It is from before a re-encryption.',
  KEY_DESTROYED: 'This node has no key for the version that the row names.',
};

export const DESTRUCTION = {
  REQUESTED: 'It waits for the approval of a second person.',
  PASSING: 'Every template of the vault is being opened under the key that its row names.',
  WAITING: 'Everything opened. It waits for its time, and for newer backups.',
  MATERIAL_GONE: 'The wrapped key is deleted from the database. There is no way back.',
  REPLAYED: 'No standby has the wrapped key. The root key is next.',
  ROOT_KEY_GONE: 'The root key is gone. The nodes drop the key from their memory.',
  DESTROYED: 'The certificate is signed.',
  CANCELLED: 'Rejected, cancelled or expired. The version is what it was.',
  FAILED: 'A row did not open, or the version is in use again. Repair it, then ask anew.',
};

export const APPROVAL_KIND = {
  'destroy-key-version': 'Destroy a key version', 'release-from-quarantine': 'Give up a subject in quarantine',
  'list-compromised': 'List who stood under a version', 'standing-policy': 'Standing policy of the epoch',
  'shorten-retention': 'Shorten a retention policy', 'drop-audit-month': 'Give up a month of the trail',
};

export const FINDING = {
  'entry-changed': 'An entry is not what was sealed.',
  'entry-removed': 'An entry is gone.',
  'entry-inserted': 'An entry that no block sealed.',
  'entries-reordered': 'The entries of a block stand in another order.',
  'block-entries-changed': 'The places of a block’s entries are not those that were sealed.',
  'block-changed': 'A block is not what the vault has signed with the key of its time, or does not follow the one before.',
  'block-removed': 'Blocks are missing.',
  'tail-cut': 'The newest blocks are gone.',
  'checkpoint-unsigned': 'A line of the checkpoint file is not what the vault has signed.',
  'block-state-wrong': 'The sums of the template rows are not those that were signed.',
  'sums-changed': 'The sums of the template rows are not those that were signed.',
  'month-pruned-without-approval': 'A month is listed as given up, and nobody has decided that.',
  'row-deleted': 'A template row is gone, and no entry tells of it.',
  'row-inserted': 'A template row that no entry tells of.',
  'row-cloned': 'A template row that was copied from another place.',
  'row-changed': 'The open columns of a template row are not those with which it came.',
  'row-rolled-back': 'A row was put back that was deleted or replaced.',
  'row-without-key': 'The key of a row’s subject is gone.',
  'rows-differ': 'Rows differ and are not named: the entries that could were given up, or it would take too long.',
};
