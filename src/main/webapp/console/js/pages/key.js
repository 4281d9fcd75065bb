// One key version: what stands under it, its destruction, its certificate.
import { get, LONG_MS, saveJson } from '../api.js';
import { h, render } from '../dom.js';
import { ago, count, number, percent, time, withTimes } from '../format.js';
import { badge, button, facts, heading, link, section, table } from '../parts.js';
import { poll } from '../poll.js';
import { may } from '../session.js';
import { DESTRUCTION, KEY } from '../words.js';
import { destroy, MOST_WRAPS } from './keys.js';

const STEPS = ['REQUESTED', 'PASSING', 'WAITING', 'MATERIAL_GONE', 'REPLAYED', 'ROOT_KEY_GONE', 'DESTROYED'];

export function key(place, failed, version) {
  const watch = poll(async () => {
    const [one, usage] = await Promise.all([get(`/keys/${version}`), get(`/keys/${version}/usage`, LONG_MS)]);
    const destruction = one.destruction && await get(`/keys/${version}/destruction`);
    const going = destruction && !['DESTROYED', 'CANCELLED', 'FAILED'].includes(destruction.state);
    render(place, heading(`Key version ${version}`, {
      back: { text: 'Keys', href: '#/keys' },
      actions: [
        one.state === 'DESTROYED' && may('GET /keys/{version}/certificate') && button('Download the certificate', () => certificate(version)),
        ['DEACTIVATED', 'COMPROMISED'].includes(one.state) && !going && may('POST /keys/{version}:destroy') && button('Destroy…', () => destroy(version, watch.now), { kind: 'danger' })],
    }), h('div', { class: 'columns' }, about(one), under(usage)), destruction && steps(destruction), useless(usage));
    return going ? 2000 : 10_000;
  }, failed);
  return watch;
}

const about = (one) => section('Version', facts([
  ['State', h('span', {}, badge(one.state), ' ', KEY[one.state])],
  ['Wraps with', one.suite], ['Key store', one.keyStore],
  ['Fingerprint', one.fingerprint && h('code', { class: 'long' }, one.fingerprint)],
  ['Wraps', `${number(one.wraps)} of ${number(MOST_WRAPS)}, ${percent(one.wraps, MOST_WRAPS)}`],
  ['Made', time(one.createdAt)], ['Active since', one.activatedAt && time(one.activatedAt)],
  ['Left', one.deactivatedAt && time(one.deactivatedAt)],
  ['Compromised', one.compromisedAt && time(one.compromisedAt)],
  ['Destroyed', one.destroyedAt && time(one.destroyedAt)],
]));

const under = (usage) => section('What stands under it', facts([
  ['In use', badge(usage.used ? 'yes' : 'no', usage.used ? 'calm' : 'good')],
  ['Subjects’ keys', count(usage.references.subject_key, 'row')],
  ['Service keys', count(usage.references.service_key, 'row')],
  ['In quarantine', count(usage.quarantined, 'row')],
  ['Last wrap', usage.lastWrapAt && ago(usage.lastWrapAt)],
  ['Left by the last row', usage.lastLeftAt && ago(usage.lastLeftAt)],
  ['Oldest transaction', usage.oldestTransaction && ago(usage.oldestTransaction)],
  ['Counted', ago(usage.at)],
]));

function steps(destruction) {
  const at = STEPS.indexOf(destruction.state);
  return section('Destruction', h('p', {}, badge(destruction.state), ' ', DESTRUCTION[destruction.state]),
    at >= 0 && h('ol', { class: 'steps' }, STEPS.map((step, i) =>
      h('li', { class: i < at || destruction.state === 'DESTROYED' ? 'past' : i === at ? 'now' : '', 'aria-current': i === at ? 'step' : null }, step.replaceAll('_', ' ').toLowerCase()))),
    facts([
      ['Asked for', h('span', {}, time(destruction.requestedAt), ` by ${destruction.requestedBy}`)],
      ['Approval', h('span', {}, link(destruction.approval.state.toLowerCase().replaceAll('_', ' '), `#/approvals/${destruction.approval.id}`))],
      ['Waits for', destruction.waitingFor.length > 0 ? h('span', {}, withTimes(destruction.waitingFor.join('; '))) : null],
      ['Opened', at !== 0 ? `${count(destruction.subjectsOpened, 'subject')}, ${count(destruction.templatesOpened, 'template')}` : null],
      ['Did not open', at !== 0 ? count(destruction.refused, 'subject') : null],
      ['Failed because', destruction.failure],
      ['Ended', destruction.endedAt && time(destruction.endedAt)],
    ]));
}

const useless = (usage) => usage.uselessAfterDestruction.length > 0 && section('Backups that its destruction makes useless',
  table('Backups that its destruction makes useless', [
    { name: 'Kind', of: (copy) => copy.kind }, { name: 'Name', of: (copy) => copy.name },
    { name: 'Taken', of: (copy) => time(copy.takenAt) }, { name: 'Expires', of: (copy) => ago(copy.expiresAt) },
  ], usage.uselessAfterDestruction), usage.uselessInAll > usage.uselessAfterDestruction.length && h('p', { class: 'small' }, `The oldest of ${count(usage.uselessInAll, 'backup')}.`));

async function certificate(version) {
  saveJson(await get(`/keys/${version}/certificate`), `certificate-of-key-version-${version}.json`);
}
