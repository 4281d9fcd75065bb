// What runs long, and what did.
import { get } from '../api.js';
import { h, render } from '../dom.js';
import { ago, count, duration, number, percent, perSecond } from '../format.js';
import { badge, button, heading, section, table } from '../parts.js';
import { poll } from '../poll.js';
import { may } from '../session.js';
import { jobLink } from './overview.js';
import { rotate } from './rotate.js';
import { eraseMany } from './erase-many.js';

const ENDED = ['DONE', 'CANCELLED'];
export const isOpen = (job) => !job.endedAt && !ENDED.includes(job.state);

export function jobs(place, failed) {
  return poll(async () => {
    const list = (await get('/jobs')).jobs;
    const open = list.filter(isOpen);
    render(place, heading('Jobs', {
      note: 'Rotations, erasures of many, and erasures that are applied again after a restore.',
      actions: [
        may('POST /rotations') && button('Rotate…', () => rotate(), { kind: 'primary' }),
        may('POST /erasures') && button('Erase many…', () => eraseMany(), { kind: 'danger' })],
    }),
    section('Now', rows('Jobs that run', open, 'Nothing runs.')),
    section('History', rows('Jobs that ended', list.filter((job) => !isOpen(job)), 'Nothing has run yet.'),
      list.length === 100 && h('p', { class: 'small' }, 'The newest 100; the audit trail has all.')));
    return open.length ? 2000 : 10_000;
  }, failed);
}

function rows(caption, list, empty) {
  return table(caption, [
    { name: 'Job', of: jobLink },
    { name: 'State', of: (job) => badge(job.state) },
    { name: 'Reason', of: (job) => job.reason },
    { name: 'Asked for', of: (job) => h('span', {}, ago(job.requestedAt), ` by ${job.requestedBy}`) },
    { name: 'Subjects', number: true, of: done },
    { name: 'Stay', number: true, of: (job) => number(job.left) },
    { name: 'Took', number: true, of: took },
  ], list, { empty, key: (job) => job.id });
}

function done(job) {
  if (job.done === undefined) return '–';
  if (job.total === undefined) return number(job.done);
  return `${number(job.done)} of ${number(job.total)}${isOpen(job) ? `, ${percent(job.done, job.total)}` : ''}`;
}

function took(job) {
  if (job.tookMillis === undefined) return job.startedAt && isOpen(job) ? h('span', {}, 'since ', ago(job.startedAt)) : '–';
  const rate = job.done && job.tookMillis ? (1000 * job.done) / job.tookMillis : 0;
  return h('span', { title: rate ? perSecond(rate) : count(job.done ?? 0, 'subject') }, duration(job.tookMillis));
}
