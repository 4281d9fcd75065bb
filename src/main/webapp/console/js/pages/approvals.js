// What one person asked for and another decides.
import { get, getPages, post } from '../api.js';
import { ask } from '../ask.js';
import { h, render } from '../dom.js';
import { ago, durationsOf, time } from '../format.js';
import { badge, button, facts, heading, link, more, section, table } from '../parts.js';
import { poll } from '../poll.js';
import { caller, may, roles } from '../session.js';
import { APPROVAL_KIND } from '../words.js';

const kind = (one) => APPROVAL_KIND[one.kind] ?? one.kind;

export function approvals(place, failed) {
  let pages = 1;
  const watch = poll(async () => {
    const { rows: all, next } = await getPages('/approvals', 'approvals', pages);
    const waiting = all.filter((one) => one.state === 'REQUESTED');
    render(place, heading('Approvals', { note: 'What cannot be taken back needs two people. One asks, another reads exactly what will happen and decides.' }),
      section('Waiting for a decision', list('Requests that wait', waiting, 'Nothing waits for a second person.')),
      section('Decided', list('Requests that were decided', all.filter((one) => one.state !== 'REQUESTED'), 'Nothing was decided yet.')),
      more(next, () => { pages += 1; watch.now(); }));
    return 5000;
  }, failed);
  return watch;
}

const list = (caption, rows, empty) => table(caption, [
  { name: 'What', of: (one) => link(kind(one), `#/approvals/${one.id}`) },
  { name: 'About', of: about },
  { name: 'State', of: (one) => badge(one.state) },
  { name: 'Asked for', of: (one) => h('span', {}, ago(one.requestedAt), ` by ${one.requestedBy}`) },
  ...(rows.some((one) => one.decidedBy) ? [{ name: 'Decided', of: (one) => (one.decidedBy ? h('span', {}, ago(one.decidedAt), ` by ${one.decidedBy}`) : '–') }] : []),
  { name: 'Expires', of: (one) => (['REQUESTED', 'APPROVED'].includes(one.state) ? ago(one.expiresAt) : '–') },
], rows, { empty, key: (one) => one.id });

const about = (one) => (['destroy-key-version', 'list-compromised'].includes(one.kind) ? `version ${one.subject}` : one.subject.length > 30 ? `${one.subject.slice(0, 8)}…` : one.subject);

export function approval(place, failed, id) {
  const watch = poll(async () => {
    const one = await get(`/approvals/${id}`);
    const own = one.requestedBy === caller();
    render(place, heading(kind(one), { back: { text: 'Approvals', href: '#/approvals' }, actions: actions(one, own, watch) }),
      one.state === 'REQUESTED' && own && may('POST /approvals/{approval}:approve') && h('p', { class: 'own' }, 'You asked for this, so somebody else has to approve it. You can take it back.'),
      section('What will happen', h('blockquote', { class: 'words' }, one.request), inWords(one)),
      section('The request', facts([
        ['State', badge(one.state)], ['About', about(one)],
        ['Asked for', h('span', {}, time(one.requestedAt), ' by ', h('strong', {}, one.requestedBy))],
        ['Decided', one.decidedBy && h('span', {}, time(one.decidedAt), ' by ', h('strong', {}, one.decidedBy))],
        ['Not before', one.notBefore && h('span', {}, time(one.notBefore), ' (', ago(one.notBefore), ')')],
        ['Expires', h('span', {}, time(one.expiresAt), ' (', ago(one.expiresAt), ')')],
        ['Hash of the words', h('code', { class: 'long' }, one.requestHash)],
      ])));
    return 5000;
  }, failed);
  return watch;
}

/** The words stay as they are, because their hash is approved; what is hard to read in them stands below. */
const inWords = (one) => durationsOf(one.request) && h('p', { class: 'small' }, `${durationsOf(one.request)}.`);

function actions(one, own, watch) {
  const asked = one.state === 'REQUESTED';
  return [
    asked && may('POST /approvals/{approval}:approve') && button('Approve…', () => approve(one, own, watch), { kind: 'primary' }),
    asked && !own && may('POST /approvals/{approval}:reject') && button('Reject…', () => decide(one, 'reject', watch)),
    ['REQUESTED', 'APPROVED'].includes(one.state) && mayTakeBack(own) && button('Take back…', () => decide(one, 'cancel', watch), { kind: 'danger' })];
}

/** Those who decide any request take back any; others only what they asked for. */
const mayTakeBack = (own) => may('POST /approvals/{approval}:cancel') && (own || roles().some((role) => ['approver', 'key-custodian'].includes(role)));

/** What was read is what is approved: its hash goes with the approval. */
const approve = (one, own, watch) => ask({
  title: `Approve: ${kind(one)}`,
  words: [h('blockquote', { class: 'words' }, one.request), inWords(one), own ? 'You asked for this yourself. The vault will refuse it.' : `${one.requestedBy} asked for it. You answer for it with your name.`],
  confirm: 'Approve exactly this', danger: true,
  run: async () => { await post(`/approvals/${one.id}:approve`, { requestHash: one.requestHash }); watch.now(); },
});

const decide = (one, what, watch) => ask({
  title: what === 'reject' ? 'Reject the request' : 'Take the request back',
  words: [what === 'reject' ? 'Nothing happens, and it must be asked for anew.' : 'It is not carried out any more, approved or not. A destruction whose key is already deleted cannot be taken back.'],
  confirm: what === 'reject' ? 'Reject' : 'Take back', danger: true,
  run: async () => { await post(`/approvals/${one.id}:${what}`); watch.now(); },
});
