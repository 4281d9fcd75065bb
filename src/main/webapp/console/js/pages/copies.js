// Registered backups: destructions and receipts count with them.
import { post } from '../api.js';
import { ask } from '../ask.js';
import { ago, shortId, time } from '../format.js';
import { button, section, table } from '../parts.js';
import { may } from '../session.js';
import { h } from '../dom.js';

export function copies(rows, again) {
  return section('Registered backups',
    table('Registered backups', [
      { name: 'Kind', of: (copy) => copy.kind },
      { name: 'Name', of: (copy) => copy.name },
      { name: 'Taken', of: (copy) => time(copy.takenAt) },
      { name: 'Expires', of: (copy) => ago(copy.expiresAt) },
      { name: 'Registered by', of: (copy) => copy.registeredBy },
      { name: 'Id', of: (copy) => shortId(copy.id) },
      ...(may('POST /copies/{copy}:destroyed') ? [{ name: '', of: (copy) => button('Destroyed…', () => gone(copy, again), { label: `The copy ${copy.name} was destroyed` }) }] : []),
    ], rows, { empty: 'No backup is registered. Destructions and receipts count only with those that are.', key: (copy) => copy.id }),
    may('POST /copies') && h('p', {}, button('Register a backup…', () => register(again))));
}

function gone(copy, again) {
  return ask({
    title: `The copy ${copy.name} was destroyed`,
    words: [`This notes that somebody has destroyed the ${copy.kind} copy “${copy.name}” before its expiry. Receipts of erasures and destructions stop waiting for it. The vault believes you: it cannot look.`],
    confirm: 'It is destroyed', danger: true,
    run: async () => { await post(`/copies/${copy.id}:destroyed`); again(); },
  });
}

function register(again) {
  return ask({
    title: 'Register a backup',
    words: ['The vault neither makes nor reads backups. It believes what is registered.'],
    fields: [
      { name: 'kind', type: 'select', label: 'Kind', options: [['database', 'database'], ['wal', 'write-ahead log'], ['keystore', 'key store']] },
      { name: 'name', label: 'Name', required: true, maxlength: 100 },
      { name: 'takenAt', type: 'datetime', label: 'Taken at, in your zone', required: true, hint: 'A write-ahead log is as old as its oldest record.' },
      { name: 'expiresAt', type: 'datetime', label: 'Expires at, in your zone', required: true },
    ],
    confirm: 'Register',
    run: async (values) => { await post('/copies', values); again(); },
  });
}
