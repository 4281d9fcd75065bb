// Entries of the audit trail by filters, a page at a time.
import { get, LONG_MS } from '../api.js';
import { control, labelled } from '../ask.js';
import { h, render } from '../dom.js';
import { shortId, time } from '../format.js';
import { badge, more, problemBox, table } from '../parts.js';

const UUID = '[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}';
const FIELDS = [
  { name: 'from', type: 'datetime', label: 'From, in your zone' },
  { name: 'to', type: 'datetime', label: 'To, in your zone' },
  { name: 'outcome', type: 'select', label: 'Outcome', options: [['', 'any'], ['allowed', 'allowed'], ['denied', 'denied'], ['failed', 'failed']] },
  { name: 'caller', label: 'Caller' },
  { name: 'action', label: 'Action', hint: 'Method and route, such as GET /api/v1/keys' },
  { name: 'subject', label: 'Subject’s id', pattern: UUID },
  { name: 'subjectTag', label: 'Subject’s pseudonym', pattern: '[0-9a-f]{64}', hint: 'For somebody who was erased: the receipt has it.' },
];

export function search(place) {
  if (place.firstChild) return;
  const result = h('div', { class: 'place' });
  const inputs = FIELDS.map((field) => control(field, `search-${field.name}`));
  const hourAgo = new Date(Date.now() - 3_600_000);
  inputs[0].value = localText(hourAgo);
  let searches = 0;
  const start = (event) => {
    event.preventDefault();
    searches += 1;
    const mine = searches;
    run(result, inputs, () => mine === searches);
  };
  const form = h('form', { class: 'filters', role: 'search', onsubmit: start },
    FIELDS.map((field, i) => labelled(field, inputs[i])), h('div', { class: 'buttons' }, h('button', { type: 'submit', class: 'primary' }, 'Search')));
  place.append(form, result);
}

const localText = (date) => new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);

/** Answers may come in another order than they were asked for: only those of the latest search are shown. */
async function run(result, inputs, isLatest) {
  const query = new URLSearchParams({ limit: '100' });
  inputs.forEach((input) => {
    const value = input.value.trim();
    if (value) query.set(input.name, input.type === 'datetime-local' ? new Date(value).toISOString() : value);
  });
  const rows = [];
  const next = async (event) => {
    if (event) event.currentTarget.disabled = true;
    try {
      const page = await get(`/audit?${query}`, LONG_MS);
      if (!isLatest()) return;
      rows.push(...page.entries);
      if (page.next) query.set('cursor', page.next);
      render(result, list(rows), more(page.next, next));
    } catch (error) {
      if (isLatest()) render(result, problemBox(error));
    }
  };
  render(result, h('p', { role: 'status' }, 'Searching …'));
  await next();
}

const list = (rows) => table('Entries of the audit trail', [
  { name: 'When', of: (entry) => time(entry.at) },
  { name: 'Who', of: (entry) => h('span', {}, entry.caller ?? 'nobody', h('div', { class: 'small' }, entry.address ?? '')) },
  { name: 'What', of: (entry) => h('code', {}, entry.action.replace('/api/v1', '')) },
  { name: 'Outcome', of: (entry) => h('span', {}, badge(entry.outcome), ' ', entry.status ? h('span', { class: 'small' }, `status ${entry.status}`) : '', entry.code ? h('span', { class: 'small' }, ` ${entry.code}`) : '') },
  { name: 'About', of: about },
], rows, { empty: 'No entry fits. Widen the times, or leave a filter out.', key: (entry) => entry.id });

function about(entry) {
  const parts = [
    entry.subject && ['subject ', shortId(entry.subject)], entry.template && ['template ', shortId(entry.template)],
    ...Object.entries(entry.targets ?? {}).map(([name, value]) => [`${name} `, value.length > 20 ? shortId(value) : value]),
    entry.purpose && `purpose ${entry.purpose}`, entry.reason && `reason ${entry.reason}`,
    ...Object.entries(entry.notes ?? {}).map(([name, value]) => `${name} ${value}`),
  ].filter(Boolean);
  return parts.length ? h('ul', { class: 'plain' }, parts.map((part) => h('li', {}, part))) : '–';
}
