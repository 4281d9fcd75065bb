// The newest erasures and their four times.
import { getPages } from '../api.js';
import { h, render } from '../dom.js';
import { ago, count, number, shortId } from '../format.js';
import { button, heading, more, section, table } from '../parts.js';
import { poll } from '../poll.js';
import { may } from '../session.js';
import { eraseMany } from './erase-many.js';

const PAGE = /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;

export function erasures(place, failed) {
  let pages = 1;
  const watch = poll(async () => {
    const { rows, next } = await getPages('/erasures/recent', 'erasures', pages);
    const waiting = rows.filter((row) => !row.cryptographicAt || !row.physicalAt).length;
    render(place, heading('Erasures', {
      note: 'Erased at once means gone from the database. The other three times say when it is gone from memory, from every copy that needs a key, and from the disks.',
      actions: [may('POST /erasures') && button('Erase many…', () => eraseMany(), { kind: 'danger' })],
    }), section(null, byId(), list(rows), rows.length > 0 && h('p', { class: 'small' }, `${count(rows.length, 'erasure')} shown, ${number(waiting)} of them not gone from every copy yet.`),
      more(next, () => { pages += 1; watch.now(); })));
    return 10_000;
  }, failed);
  return watch;
}

function byId() {
  return h('form', { class: 'inline', role: 'search', onsubmit: (event) => {
    event.preventDefault();
    const id = event.target.elements.id.value.trim();
    if (PAGE.test(id)) location.hash = `#/erasures/${id.toLowerCase()}`;
  } }, h('label', { for: 'erasure-id' }, 'Receipt by its id'),
  h('input', { id: 'erasure-id', name: 'id', required: true, pattern: PAGE.source, title: 'A UUID, as the erasure answered with', autocomplete: 'off', spellcheck: 'false' }),
  h('button', { type: 'submit' }, 'Show'));
}

const list = (rows) => table('The newest erasures', [
  { name: 'Receipt', of: (row) => h('a', { href: `#/erasures/${row.id}` }, shortId(row.id)) },
  { name: 'Reason', of: (row) => row.reason },
  { name: 'By', of: (row) => row.requestedBy },
  { name: 'Templates', number: true, of: (row) => number(row.templates) },
  { name: 'Erased', of: (row) => step(row.logicalAt) },
  { name: 'Out of memory', of: (row) => step(row.evictedAt) },
  { name: 'No key opens it', of: (row) => step(row.cryptographicAt) },
  { name: 'Off the disks', of: (row) => step(row.physicalAt) },
], rows, { empty: 'Nobody was erased yet.', key: (row) => row.id });

const step = (at) => (at ? h('span', { class: 'ok' }, '✓ ', ago(at)) : h('span', { class: 'waits' }, 'not yet'));
