// Rows that did not open while a rotation passed them.
import { getPages, post } from '../api.js';
import { ask } from '../ask.js';
import { h, render } from '../dom.js';
import { ago, count, shortId } from '../format.js';
import { badge, button, heading, link, more, section, table } from '../parts.js';
import { poll } from '../poll.js';
import { may } from '../session.js';
import { DAMAGE } from '../words.js';

export function quarantine(place, failed) {
  let pages = 1;
  let told = '';
  const watch = poll(async () => {
    const { rows, next } = await getPages('/quarantine', 'rows', pages);
    render(place, heading('Quarantine', {
      note: 'A row that does not open stays as it is, and its subject stays on its old key version. It means that stored bytes were changed or damaged: look into it at once.',
    }), told && h('p', { class: 'done-note', role: 'status' }, told),
    section(null, list(rows, watch, (text) => { told = text; watch.now(); }), more(next, () => { pages += 1; watch.now(); })));
    return 10_000;
  }, failed);
  return watch;
}

function list(rows, watch, say) {
  return table('Rows in quarantine', [
    { name: 'Class', of: (row) => h('span', {}, badge(row.class), ' ', h('span', { class: 'small' }, DAMAGE[row.class])) },
    { name: 'Row', of: (row) => (row.template ? h('span', {}, 'template ', shortId(row.template), `, version ${row.version}`) : `the subject’s ${row.part}`) },
    { name: 'Subject', of: (row) => (may('GET /subjects/{subject}') ? h('a', { href: `#/subjects/${row.subject}` }, shortId(row.subject)) : shortId(row.subject)) },
    { name: 'Found', of: (row) => ago(row.at) },
    { name: 'Rotation', of: (row) => link('look', `#/rotations/${row.rotation}`) },
    ...(may('POST /quarantine/{row}:retry') || may('POST /quarantine/{row}:release') ? [{ name: '', of: (row) => h('span', { class: 'actions' },
      may('POST /quarantine/{row}:retry') && button('Retry…', () => retry(row, say)),
      may('POST /quarantine/{row}:release') && button('Give up…', () => release(row), { kind: 'danger' })) }] : []),
  ], rows, { empty: 'Nothing is in quarantine: every row opened that a rotation passed.', key: (row) => row.id });
}

function retry(row, say) {
  return ask({
    title: 'Open the row again',
    words: [`Put the right row back first, from a backup of after the subject’s last re-encryption. If it opens now, its subject moves to the active key version with a new key, and leaves quarantine. If not, nothing changes.`, DAMAGE[row.class]],
    confirm: 'Retry',
    run: async () => { await post(`/quarantine/${row.id}:retry`); say('It opened: the subject has left quarantine.'); },
  });
}

function release(row) {
  return ask({
    title: 'Give the subject up',
    words: ['Another person has to approve this. Then the subject is erased with all its templates, those that open included. Its receipt has the reason “released”. Nobody can bring it back.',
      `${count(1, 'subject')} is concerned.`],
    confirm: 'Ask for its release', danger: true,
    run: async () => { const approval = await post(`/quarantine/${row.id}:release`); location.hash = `#/approvals/${approval.id}`; },
  });
}
