// One rotation, while it goes on and afterwards.
import { get, patch, post } from '../api.js';
import { ask, attempt } from '../ask.js';
import { chart, widthOf } from '../chart.js';
import { announce, h, render } from '../dom.js';
import { ago, count, duration, number, percent, perSecond, time, withTimes } from '../format.js';
import { badge, bar, button, facts, heading, link, section } from '../parts.js';
import { poll } from '../poll.js';
import { Samples } from '../samples.js';
import { may } from '../session.js';
import { ROTATION } from '../words.js';

const MOVING = ['ACTIVATED', 'REENCRYPTING', 'VERIFYING'];
const CAN = {
  pause: ['ACTIVATED', 'REENCRYPTING', 'VERIFYING'],
  resume: ['PAUSED', 'FAILED'],
  cancel: ['REQUESTED', 'STAGED', 'ACTIVATED', 'REENCRYPTING', 'VERIFYING', 'PAUSED', 'FAILED'],
};

export function rotation(place, failed, id) {
  const samples = new Samples();
  const watch = poll(async () => {
    const now = await get(`/rotations/${id}`);
    samples.add(now.done, Date.now());
    say(now);
    render(place, head(now, watch), progress(now), speed(now, samples, place), h('div', { class: 'columns' }, about(now), reach(now)));
    return now.endedAt ? 30_000 : MOVING.includes(now.state) ? 1000 : 2000;
  }, failed);
  return watch;
}

/** For those who listen: each state, and each tenth of the way. */
function say(now) {
  const tenth = now.total ? Math.floor((10 * now.done) / now.total) * 10 : 0;
  announce(`The rotation is ${now.state.replaceAll('_', ' ').toLowerCase()}${MOVING.includes(now.state) ? `, ${tenth} %` : ''}.`);
}

function head(now, watch) {
  const can = (what) => CAN[what].includes(now.state) && may(`POST /rotations/{rotation}:${what}`);
  const steer = (what) => (event) => attempt(event.currentTarget, `The rotation could not be told to ${what}`, async () => {
    await post(`/rotations/${now.id}:${what}`);
    watch.now();
  });
  return heading(`Rotation from version ${now.fromVersion} to\u00a0${now.toVersion}`, {
    back: { text: 'Jobs', href: '#/jobs' },
    actions: [
      can('pause') && button('Pause', steer('pause')),
      can('resume') && button('Resume', steer('resume'), { kind: 'primary' }),
      !now.endedAt && may('PATCH /rotations/{rotation}') && button('Change the rate…', () => changeRate(now, watch)),
      can('cancel') && button('Cancel…', () => cancel(now, watch), { kind: 'danger' }),
    ],
  });
}

function progress(now) {
  const text = `${number(now.done)} of ${count(now.total, 'subject')} moved, ${percent(now.done, now.total)}`;
  return section(null,
    h('p', { class: 'state' }, badge(now.state), ' ', ROTATION[now.state],
      now.backingOff && h('span', { class: 'warn-text' }, ` It gives way: ${now.backingOff}.`),
      now.waitingFor && h('span', { class: 'warn-text' }, ' It waits for: ', withTimes(now.waitingFor.join(', ')), '.')),
    bar('Progress of the rotation', [
      { value: now.done, kind: 'done' }, { value: now.erased, kind: 'gone' }, { value: now.quarantined, kind: 'bad' }], now.total, text),
    h('p', { class: 'legend' }, h('strong', { id: 'progress-text' }, now.total ? text : 'Nothing is counted before the activation.')),
    h('div', { class: 'tiles' },
      figure('Left to move', count(now.remaining, 'subject')),
      figure('In quarantine', now.quarantined && may('GET /quarantine') ? link(count(now.quarantined, 'subject'), '#/quarantine') : count(now.quarantined, 'subject')),
      figure('Erased meanwhile', count(now.erased, 'subject')),
      figure(now.endedAt ? 'On the whole' : 'In the last 10 s', perSecond(now.rowsPerSecond)),
      figure(now.endedAt ? 'Took' : 'Expected end', now.endedAt ? (now.startedAt ? duration(new Date(now.endedAt) - new Date(now.startedAt)) : '–') : now.estimatedEnd ? ago(now.estimatedEnd) : 'not known'),
      figure('Rate', now.rate ? `≤ ${number(now.rate)} subjects/s` : 'no limit')),
    partitions(now));
}

/** One that stands still while the others move is what a person on call looks for. */
function partitions(now) {
  if (!now.partitionsPassed || !['REENCRYPTING', 'PAUSED'].includes(now.state)) return null;
  return h('div', { class: 'partitions' }, now.partitionsPassed.map((share, i) => {
    const name = `Partition ${i + 1} of ${now.partitions}`;
    const passed = `${percent(Math.round(share * 1000), 1000)} of its ids passed`;
    return h('div', {}, h('p', { class: 'legend' }, `${name}: ${passed}`),
      bar(name, [{ value: share * 1000, kind: 'done' }], 1000, passed));
  }));
}

const figure = (name, value) => h('div', { class: 'tile small-tile' }, h('div', { class: 'name' }, name), h('div', { class: 'value' }, value));

function speed(now, samples, place) {
  const seen = samples.perSecond();
  if (seen.values.length < 2) return h('section', { hidden: true });
  return section('Speed', chart({
    title: 'Subjects moved per second', times: seen.times, width: widthOf(place), unit: (n) => number(n),
    series: [{ name: 'subjects/s, since this page was opened', kind: 'line', class: 'one', values: seen.values }],
    summary: `Between ${perSecond(Math.min(...seen.values))} and ${perSecond(Math.max(...seen.values))} in ${duration(seen.millis)}.`,
  }));
}

const about = (now) => section('What was asked for', facts([
  ['Mode', now.mode === 'reencrypt' ? 're-encrypt: new keys, new ciphertext' : 'rewrap: the same keys under the new version'],
  ['Reason', now.reason], ['Suite of new keys', now.suite],
  ['By', now.requestedBy], ['At', time(now.requestedAt)],
  ['Activated', now.startedAt && time(now.startedAt)], ['Ended', now.endedAt && time(now.endedAt)],
  ['Compromised', now.compromisedVersion && link(`version ${now.compromisedVersion}`, `#/keys/${now.compromisedVersion}`)],
  ['Versions', h('span', {}, link(`version ${now.fromVersion}`, `#/keys/${now.fromVersion}`), ' to ', link(`version ${now.toVersion}`, `#/keys/${now.toVersion}`))],
]));

const reach = (now) => now.restorableSince && section('What it means for backups', facts([
  ['Opens whole, back to', now.restorableSince.now ? time(now.restorableSince.now) : 'no registered backup'],
  ['Once the versions it leaves are destroyed', now.restorableSince.after ? time(now.restorableSince.after) : 'no registered backup yet'],
  ['Backups lost then', count(now.restorableSince.copiesLost, 'copy', 'copies')],
]), h('p', { class: 'small' }, 'The rotation alone makes no backup useless; a destruction does.'));

function changeRate(now, watch) {
  return ask({
    title: 'Change the rate',
    words: ['It takes effect at the next page of subjects, also while the job runs.'],
    fields: [{ name: 'rate', label: 'At most so many subjects per second', type: 'number', min: 1, max: 1000000, value: now.rate, hint: 'Empty: no limit.' }],
    confirm: 'Set the rate',
    run: async (values) => { await patch(`/rotations/${now.id}`, { rate: values.rate }); watch.now(); },
  });
}

function cancel(now, watch) {
  return ask({
    title: 'Cancel the rotation',
    words: [
      now.startedAt ? `${number(now.done)} of ${count(now.total, 'subject')} stay moved to version ${now.toVersion}; ${count(now.remaining, 'subject')} stay on older versions.` : `Version ${now.toVersion} is not active yet, and nothing was moved.`,
      'Both versions stay usable. The next rotation moves what is left. This rotation cannot be resumed.'],
    confirm: 'Cancel the rotation', danger: true,
    run: async () => { await post(`/rotations/${now.id}:cancel`); watch.now(); },
  });
}
