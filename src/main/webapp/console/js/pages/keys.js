// The versions of the key encryption key.
import { get, getPages, post } from '../api.js';
import { ask } from '../ask.js';
import { h, render } from '../dom.js';
import { age, ago, count, isoDuration, number, percent } from '../format.js';
import { badge, button, facts, heading, link, more, section, table } from '../parts.js';
import { poll } from '../poll.js';
import { may } from '../session.js';
import { copies } from './copies.js';
import { editSchedule, askForPolicy } from './schedules.js';
import { rotate } from './rotate.js';
import { KEY } from '../words.js';

export const MOST_WRAPS = 2 ** 32;

export function keys(place, failed) {
  let pages = 1;
  const watch = poll(async () => {
    const [list, schedules, policies, registered] = await Promise.all([
      get('/keys'), get('/schedules'), get('/standing-policies'), getPages('/copies', 'copies', pages)]);
    render(place, heading('Keys', {
      note: 'Each version wraps the keys of subjects. One wraps at a time; the older ones only unwrap, until they are destroyed.',
      actions: [may('POST /rotations') && button('Rotate…', () => rotate(), { kind: 'primary' })],
    }), section('Versions', versions([...list.keys].reverse())),
    h('div', { class: 'columns' }, schedule(schedules.schedules, policies.policies, watch.now)),
    copies(registered.rows, watch.now), more(registered.next, () => { pages += 1; watch.now(); }));
    return 10_000;
  }, failed);
  return watch;
}

function versions(rows) {
  return table('Key versions', [
    { name: 'Version', of: (key) => link(`Version ${key.version}`, `#/keys/${key.version}`) },
    { name: 'State', of: (key) => h('span', {}, badge(key.state), ' ', h('span', { class: 'small' }, KEY[key.state])) },
    { name: 'Age', of: (key) => age(key.activatedAt ?? key.createdAt) },
    { name: 'Wraps with', of: (key) => key.suite },
    { name: 'Key store', of: (key) => key.keyStore },
    { name: 'Subjects', number: true, of: (key) => number(key.subjects) },
    { name: 'Wraps', number: true, of: (key) => h('span', { title: `${number(key.wraps)} of ${number(MOST_WRAPS)}` }, number(key.wraps), ' ', h('span', { class: 'small' }, percent(key.wraps, MOST_WRAPS))) },
  ], rows, { key: (key) => key.version });
}

function schedule(schedules, policies, again) {
  const rotation = schedules.find((one) => one.name === 'rotation');
  const epoch = schedules.find((one) => one.name === 'epoch');
  const policy = policies.find((one) => one.inEffect);
  return [section('Rotation on a schedule', facts([
    ['State', badge(rotation.enabled ? 'on' : 'off', rotation.enabled ? 'good' : 'calm')],
    ['At an age of', rotation.maxAge && isoDuration(rotation.maxAge)],
    ['After', rotation.maxWraps && count(rotation.maxWraps, 'wrap')],
    ['Mode', rotation.enabled ? rotation.mode : null],
    ['Rate', rotation.enabled ? (rotation.rate ? `${number(rotation.rate)} subjects/s at the most` : 'without a limit') : null],
    ['Next due', rotation.nextDueAt && ago(rotation.nextDueAt)],
    ['Why off', rotation.enabled ? null : 'Nobody has switched it on. Until an operator does, the vault rotates only when somebody asks.'],
  ]), may('PUT /schedules/rotation') && h('p', {}, button('Change…', () => editSchedule(rotation, again)))),
  section('The epoch', facts([
    ['State', badge(epoch.enabled ? 'on' : 'off', epoch.enabled ? 'good' : 'calm')],
    ['A version is active for', policy && isoDuration(policy.interval)],
    ['Destroyed after', policy && isoDuration(policy.wait)],
    ['Next version', epoch.nextDueAt && ago(epoch.nextDueAt)],
    ['Policy ends', policy && ago(policy.expiresAt)],
    ['Why off', epoch.enabled ? null : 'No standing policy is in effect. Receipts of erasures have no expected end without one.'],
  ]), may('POST /standing-policies') && h('p', {}, button('Ask for a standing policy…', () => askForPolicy(again))))];
}

/** Asks for the destruction of a version. */
export function destroy(version, again) {
  return ask({
    title: `Destroy key version ${version}`,
    words: [
      `Another person has to approve this. Then every template of the vault is opened once, to prove that nothing stands under version ${version}.`,
      `After the waiting time its wrapped key is deleted from the database and its root key from the key store. From then on every log and backup that needs version ${version} is worthless. That cannot be undone.`,
    ],
    fields: [{ name: 'withoutNewerBackup', type: 'checkbox', label: 'Do not wait for a newer registered backup of database and key store', hint: 'If no such backup exists, what the backups hold is lost.' }],
    confirm: 'Ask for the destruction', danger: true,
    run: async (values) => {
      await post(`/keys/${version}:destroy`, values);
      again();
    },
  });
}
