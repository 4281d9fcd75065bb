// One subject, by its id or by a caller's own reference: what stands in the open, holds, and its erasure. No template.
import { del, get, getWithTag, post, Problem, put } from '../api.js';
import { ask, reasonField } from '../ask.js';
import { h, render } from '../dom.js';
import { count, day, number, time } from '../format.js';
import { badge, button, facts, heading, link, problemBox, section, table } from '../parts.js';
import { poll } from '../poll.js';
import { may } from '../session.js';

const UUID = /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;

export function subject(place, failed, id) {
  if (!id) return search(place);
  const watch = poll(async () => {
    const one = await getWithTag(`/subjects/${id}`).catch(erased);
    if (one.receipt) return gone(place, one);
    const holds = may('GET /subjects/{subject}/hold') ? await get(`/subjects/${id}/hold`) : null;
    render(place, head(one, holds, watch), about(one.data), holds && holdsOf(holds));
    return 15_000;
  }, failed);
  return watch;
}

/** The id answers 410 once it was erased, with the path of the receipt. */
function erased(error) {
  if (error instanceof Problem && error.status === 410) return { receipt: error };
  throw error;
}

function gone(place, one) {
  const receipt = one.receipt.receipt?.split('/').pop();
  render(place, heading('Subject', { back: { text: 'Subjects', href: '#/subjects' } }), section('Erased',
    h('p', {}, 'This subject was erased. Its id never comes back.'),
    receipt && (may('GET /erasures/{erasure}') ? h('p', {}, link('Look at the receipt', `#/erasures/${receipt}`), ': it says when it is gone from every copy.')
      : h('p', {}, 'Its receipt is ', h('code', { class: 'long' }, receipt), '. Who has the role eraser or auditor can read it.'))));
  return 0;
}

function search(place) {
  const answer = h('div', { class: 'place' });
  const form = (id, label, hint, submit, pattern) => h('form', { class: 'inline', onsubmit: async (event) => {
    event.preventDefault();
    render(answer);
    try {
      location.hash = `#/subjects/${await submit(event.target.elements.text.value.trim())}`;
    } catch (error) {
      render(answer, problemBox(error));
    }
  } }, h('label', { for: id }, label), h('input', { id, name: 'text', required: true, pattern, title: hint, autocomplete: 'off', spellcheck: 'false' }), h('button', { type: 'submit' }, 'Show'));
  render(place, heading('Subjects', { note: 'Shows what stands in the open about one person: never a template.' }),
    section(null, form('subject-id', 'By its id', 'A UUID', async (text) => text.toLowerCase(), UUID.source),
      may('POST /subjects:search') && form('subject-reference', 'By your own reference', 'What you gave the vault when the subject was made', async (text) => (await post('/subjects:search', { reference: text })).id),
      answer));
  return { stop: () => {} };
}

function head(one, holds, watch) {
  const { data } = one;
  return heading('Subject', {
    back: { text: 'Subjects', href: '#/subjects' },
    actions: [
      holds && !holds.held && may('PUT /subjects/{subject}/hold') && button('Set a legal hold…', () => hold(data.id, watch)),
      holds?.held && may('DELETE /subjects/{subject}/hold') && button('Lift the hold…', () => lift(data.id, watch)),
      may('DELETE /subjects/{subject}') && button('Erase…', () => erase(one), { kind: 'danger', disabled: holds?.held })],
    note: holds?.held ? 'Under a legal hold: nobody can erase it.' : null,
  });
}

const about = (data) => section('In the open', facts([
  ['Id', h('code', { class: 'long' }, data.id)], ['Made', time(data.createdAt)],
  ['Key version', may('GET /keys') ? link(`version ${data.keyVersion}`, `#/keys/${data.keyVersion}`) : `version ${data.keyVersion}`],
  ['Suite', data.suite], ['Stored', `${number(data.storedBytes)} bytes of ciphertext`], ['Revision', number(data.revision)],
  ['Retention policy', data.policy], ['Last interaction', day(data.lastInteractionAt)], ['Erased by policy on', data.dueAt && day(data.dueAt)],
]));

const holdsOf = (holds) => section('Legal holds', table('Legal holds of this subject', [
  { name: 'State', of: (one) => badge(one.liftedAt ? 'lifted' : 'in force', one.liftedAt ? 'calm' : 'warn') },
  { name: 'Reason', of: (one) => one.reason },
  { name: 'Set', of: (one) => h('span', {}, time(one.setAt), ` by ${one.setBy}`) },
  { name: 'Lifted', of: (one) => (one.liftedAt ? h('span', {}, time(one.liftedAt), ` by ${one.liftedBy}: ${one.liftReason}`) : '–') },
], holds.holds, { empty: 'There was never one.' }));

const words = () => ({ name: 'reason', label: 'Reason, in your own words', required: true, maxlength: 200, pattern: '[ -~]{1,200}', hint: 'It stays with the hold until the subject is erased. ASCII only.' });

const hold = (id, watch) => ask({
  title: 'Set a legal hold', words: ['Nobody can erase this subject or one of its templates until the hold is lifted: not by request, not by time.'],
  fields: [words()], confirm: 'Set the hold',
  run: async (values) => { await put(`/subjects/${id}/hold`, undefined, { 'X-Reason': values.reason }); watch.now(); },
});

const lift = (id, watch) => ask({
  title: 'Lift the legal hold', words: ['The subject can be erased again. If its time is over, the next daily erasure does it.'],
  fields: [words()], confirm: 'Lift the hold', danger: true,
  run: async (values) => { await del(`/subjects/${id}/hold`, { 'X-Reason': values.reason }); watch.now(); },
});

const erase = (one) => ask({
  title: 'Erase the subject',
  words: [`Its key is destroyed and all its templates are deleted, ${count(one.data.storedBytes, 'byte')} of ciphertext in all. Nobody can bring them back, and its id never comes back.`,
    'You get a receipt that says when it is gone from every copy.'],
  fields: [reasonField()], confirm: 'Erase for ever', danger: true,
  run: async (values) => {
    const erasure = await del(`/subjects/${one.data.id}`, { 'If-Match': one.etag, 'X-Reason': values.reason });
    location.hash = `#/erasures/${erasure.id}`;
  },
});
