// The vault at a glance.
import { get } from '../api.js';
import { h, render } from '../dom.js';
import { ago, count, duration, micros, number, percent, perSecond } from '../format.js';
import { badge, bar, facts, heading, link, section, table } from '../parts.js';
import { chart, widthOf } from '../chart.js';
import { poll } from '../poll.js';
import { may } from '../session.js';
import { ATTENTION } from '../words.js';

const EVERY_MS = 5000;

export function overview(place, failed) {
  return poll(async () => {
    const seen = await get('/overview');
    render(place, heading('Overview'), attention(seen), running(seen), h('div', { class: 'tiles' }, tiles(seen)),
      traffic(seen, place), h('div', { class: 'columns' }, keys(seen), health(seen)));
    return EVERY_MS;
  }, failed);
}

/** Where something is looked into: what somebody must be allowed who goes there, and the page's name. */
const PAGES = { '#/keys': ['GET /keys', 'Keys'], '#/quarantine': ['GET /quarantine', 'Quarantine'], '#/audit': ['GET /audit/checkpoints', 'Audit'],
  '#/approvals': ['GET /approvals', 'Approvals'], '#/erasures': ['GET /erasures/recent', 'Erasures'], '#/jobs': ['GET /jobs', 'Jobs'],
  '#/retention': ['GET /policies', 'Retention'] };

function attention(seen) {
  if (seen.attention.length === 0) {
    return h('section', { class: 'panel calm-panel' }, h('h2', {}, 'Needs attention'), h('p', {}, '✓ Nothing.'));
  }
  return section('Needs attention', h('ul', { class: 'attention' }, seen.attention.map((one) => {
    const [tone, text, href] = ATTENTION[one.code]?.(one.count) ?? ['warn', one.code, '#/'];
    const [needs, name] = PAGES[href] ?? [];
    return h('li', { class: tone }, h('span', { class: 'sign', 'aria-label': tone === 'bad' ? 'Urgent' : 'Soon' }, tone === 'bad' ? '!' : '•'),
      h('span', {}, text, one.since && [' It began ', ago(one.since), '.']),
      needs && may(needs) && link(name, href));
  })));
}

function running(seen) {
  return seen.jobsRunning.length > 0 && section('Running now', seen.jobsRunning.map((job) => {
    const of = job.total ? `${number(job.done ?? 0)} of ${count(job.total, 'subject')}, ${percent(job.done ?? 0, job.total)}` : count(job.done ?? 0, 'subject');
    return h('div', { class: 'running' }, h('div', { class: 'line' }, jobLink(job), badge(job.state), h('span', { class: 'grow' }, of)),
      job.total > 0 && bar(`${job.kind}`, [{ value: job.done ?? 0, kind: 'done' }, { value: job.left, kind: 'bad' }], job.total, of));
  }));
}

/** A job's name, as a link where this person may look at it. */
export function jobLink(job) {
  const name = { rotation: `Rotation (${job.what === 'reencrypt' ? 're-encrypt' : job.what})`, erasure: 'Erasure of many', reapplication: 'Erasures applied again' }[job.kind];
  const path = { rotation: ['GET /rotations/{rotation}', `#/rotations/${job.id}`], erasure: ['GET /erasures/bulk/{bulk}', `#/bulk/${job.id}`] }[job.kind];
  return path && may(path[0]) ? link(name, path[1]) : h('span', {}, name);
}

function tiles(seen) {
  const recent = seen.minutes.slice(-6, -1);
  const asked = recent.reduce((sum, minute) => sum + minute.requests, 0);
  return [
    tile('Subjects', number(seen.subjects), 'with a key of their own'),
    tile('Templates', `${seen.templates.exact ? '' : '≈ '}${number(seen.templates.rows)}`, seen.templates.exact ? 'all versions, counted' : 'all versions, an estimate'),
    tile('Requests', perSecond(asked / 300, 'req'), 'this node, last 5 minutes'),
    tile('Quarantine', count(seen.quarantined, 'row'), 'that did not open'),
    tile('Kept too long', count(seen.overdue, 'subject'), 'past the policy'),
    tile('Trail verified', seen.verification ? ago(seen.verification.at) : 'never', seen.verification ? (seen.verification.intact ? 'intact' : count(seen.verification.found, 'finding')) : 'nobody has yet'),
  ];
}

const tile = (name, value, note) => h('div', { class: 'tile' }, h('div', { class: 'name' }, name), h('div', { class: 'value' }, value), h('div', { class: 'small' }, note));

function traffic(seen, place) {
  const { minutes } = seen;
  const times = minutes.map((minute) => minute.at);
  const total = minutes.reduce((sum, minute) => sum + minute.requests, 0);
  const failures = minutes.reduce((sum, minute) => sum + minute.failed, 0);
  const slowest = Math.max(...minutes.map((minute) => minute.p99Micros));
  const width = widthOf(place);
  const half = width > 760 ? Math.floor((width - 20) / 2) : width;
  return section(`Requests to ${seen.node}, last hour`, h('div', { class: 'charts' },
    chart({
      title: 'Requests per minute', times, width: half, unit: (n) => number(n),
      series: [
        { name: 'answered', kind: 'bar', class: 'one', values: minutes.map((minute) => minute.requests) },
        { name: 'failed', kind: 'bar', class: 'bad', values: minutes.map((minute) => minute.failed) }],
      summary: `${count(total, 'request')} in the hour, ${number(failures)} of them failed (status 500 or more).`,
    }),
    chart({
      title: 'Time to answer', times, width: half, unit: micros,
      series: [
        { name: 'half are faster (p50)', kind: 'line', class: 'one', values: minutes.map((minute) => (minute.requests ? minute.p50Micros : null)) },
        { name: '99 % are faster (p99)', kind: 'line', class: 'two', values: minutes.map((minute) => (minute.requests ? minute.p99Micros : null)) }],
      summary: `The highest p99 of a minute was ${micros(slowest)}.`,
    })));
}

function keys(seen) {
  return section('Subjects by key version', table('Subjects by key version', [
    { name: 'Version', of: (key) => (may('GET /keys') ? link(`Version ${key.version}`, `#/keys/${key.version}`) : `Version ${key.version}`) },
    { name: 'State', of: (key) => badge(key.state) },
    { name: 'Subjects', number: true, of: (key) => number(key.subjects) },
    { name: 'Share', number: true, of: (key) => percent(key.subjects, seen.subjects) },
  ], [...seen.keys].reverse()));
}

function health(seen) {
  return section('Health', facts([
    ['Database', badge('answers', 'good')],
    ...seen.keyStores.map((store) => [`Key store (${store.name})`, badge(store.reachable ? 'usable' : 'not usable', store.reachable ? 'good' : 'bad')]),
    ...latest(seen.nodes).map((node) => [`Node ${node.name}`, h('span', {}, badge(node.alive ? 'alive' : 'silent', node.alive ? 'good' : 'warn'), ' ',
      node.alive ? ['up for ', duration(new Date(seen.at) - new Date(node.startedAt))] : ['last seen ', ago(node.seenAt)])]),
    ['This picture', h('span', {}, 'from ', ago(seen.at), `, read every ${seen.keptSeconds} s at the most`)],
  ]));
}

/** Of each name the one that lives, or the last. */
function latest(nodes) {
  const byName = new Map();
  for (const node of nodes) if (!byName.get(node.name)?.alive) byName.set(node.name, byName.get(node.name) && !node.alive ? byName.get(node.name) : node);
  return [...byName.values()];
}
