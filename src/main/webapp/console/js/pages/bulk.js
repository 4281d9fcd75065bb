// One erasure of many.
import { get, post } from '../api.js';
import { ask, attempt } from '../ask.js';
import { announce, h, render } from '../dom.js';
import { count, day, duration, isoDuration, number, percent, shortId, time } from '../format.js';
import { badge, bar, button, facts, heading, link, section, table } from '../parts.js';
import { poll } from '../poll.js';
import { may } from '../session.js';

const OPEN = ['REQUESTED', 'RUNNING', 'PAUSED', 'FAILED'];

export function bulk(place, failed, id) {
  const watch = poll(async () => {
    const now = await get(`/erasures/bulk/${id}`);
    const details = may('GET /erasures/bulk/{bulk}/left') && now.endedAt
      ? await Promise.all([get(`/erasures/bulk/${id}/left`), get(`/erasures/bulk/${id}/receipts`)]) : [];
    announce(`The erasure is ${now.state.toLowerCase()}.`);
    render(place, head(now, watch), h('div', { class: 'columns' }, progress(now), about(now)), details[0] && left(details[0].left), details[1] && receipts(details[1]));
    return OPEN.includes(now.state) ? 1000 : 30_000;
  }, failed);
  return watch;
}

function head(now, watch) {
  const can = (what, states) => states.includes(now.state) && may(`POST /erasures/bulk/{bulk}:${what}`);
  const call = async (what) => { await post(`/erasures/bulk/${now.id}:${what}`); watch.now(); };
  return heading('Erasure of many', {
    back: { text: 'Jobs', href: '#/jobs' },
    actions: [
      can('pause', ['REQUESTED', 'RUNNING']) && button('Pause', (event) => attempt(event.currentTarget, 'The erasure could not be told to pause', () => call('pause'))),
      can('resume', ['PAUSED', 'FAILED']) && button('Resume…', () => resume(now, call), { kind: 'danger' }),
      can('cancel', OPEN) && button('Cancel…', () => cancel(now, call), { kind: 'danger' })],
  });
}

const resume = (now, call) => ask({
  title: 'Resume the erasure', words: [`${count(now.remaining, 'subject')} will be erased for ever, their keys first.`],
  confirm: 'Resume', danger: true, run: () => call('resume'),
});

const cancel = (now, call) => ask({
  title: 'Cancel the erasure', words: [`${count(now.erased, 'subject')} stay erased. ${count(now.remaining, 'subject')} are not erased by this request.`],
  confirm: 'Cancel the erasure', danger: true, run: () => call('cancel'),
});

function progress(now) {
  const passed = now.total - now.remaining;
  const text = `${number(passed)} of ${count(now.total, 'subject')}, ${percent(passed, now.total)}`;
  return section(null, h('p', { class: 'state' }, badge(now.state)),
    bar('Progress of the erasure', [{ value: now.erased, kind: 'done' }, { value: now.absent + now.kept, kind: 'gone' }, { value: now.held, kind: 'held' }, { value: now.failed, kind: 'bad' }], now.total, text),
    h('p', { class: 'legend' }, h('strong', {}, text)),
    facts([['Erased', count(now.erased, 'subject')], ['Under a legal hold', count(now.held, 'subject')], ['Nobody’s ids, or gone', count(now.absent, 'subject')],
      ['No longer due', count(now.kept, 'subject')], ['Refused by the database', count(now.failed, 'subject')], ['Left', count(now.remaining, 'subject')]]));
}

const about = (now) => section('What was asked for', facts([
  ['Whom', now.kind === 'list' ? 'a list of ids' : 'a query'], ['Modality', now.modality], ['Made before', now.olderThan && isoDuration(now.olderThan)],
  ['Due by', now.dueBy && day(now.dueBy)], ['Reason', now.reason], ['By', now.requestedBy], ['At', time(now.requestedAt)],
  ['Ended', now.endedAt && time(now.endedAt)],
  ['Took', now.startedAt && now.endedAt && duration(new Date(now.endedAt) - new Date(now.startedAt))],
]));

const left = (rows) => rows.length > 0 && section('Not erased', table('Subjects that were not erased', [
  { name: 'Subject', of: (row) => (may('GET /subjects/{subject}') ? h('a', { href: `#/subjects/${row.subject}` }, shortId(row.subject)) : shortId(row.subject)) },
  { name: 'Why', of: (row) => badge(row.outcome) },
], rows));

const receipts = (page) => page.receipts.length > 0 && section('Receipts', h('ul', { class: 'ids' }, page.receipts.slice(0, 100).map((one) =>
  h('li', {}, link(shortId(one.id), `#/erasures/${one.id}`)))), page.receipts.length > 100 && h('p', { class: 'small' }, 'The first 100; the API has all.'));
