// What several pages are made of.
import { h } from './dom.js';
import { Problem } from './api.js';

const TONES = {
  good: ['ACTIVE', 'DRAINED', 'DONE', 'APPROVED', 'CARRIED_OUT', 'allowed'],
  busy: ['REQUESTED', 'STAGED', 'ACTIVATED', 'REENCRYPTING', 'VERIFYING', 'RUNNING', 'WALKING', 'DESTROYING', 'PASSING',
    'WAITING', 'MATERIAL_GONE', 'REPLAYED', 'ROOT_KEY_GONE', 'PRE_ACTIVE'],
  warn: ['PAUSED', 'DRAINED_WITH_QUARANTINE', 'HELD', 'denied'],
  bad: ['FAILED', 'COMPROMISED', 'CORRUPT', 'WRONG_KEY', 'MOVED_ROW', 'STALE', 'KEY_DESTROYED', 'failed'],
};

const toneOf = (state) => Object.keys(TONES).find((tone) => TONES[tone].includes(state)) ?? 'calm';

/** A state, told by its name; the colour only repeats it. */
export const badge = (state, tone = toneOf(state)) =>
  h('span', { class: `badge ${tone}` }, state.replace('REENC', 'RE-ENC').replaceAll('_', ' ').toLowerCase());

/** A page's heading, its path back, and what can be done on it. */
export function heading(title, { back, actions = [], note } = {}) {
  return h('header', { class: 'heading' },
    back && h('p', { class: 'back' }, h('a', { href: back.href }, `← ${back.text}`)),
    h('div', { class: 'line' }, h('h1', {}, title), h('div', { class: 'actions' }, actions)),
    note && h('p', { class: 'note' }, note));
}

export const section = (title, ...children) => h('section', { class: 'panel' }, title && h('h2', {}, title), children);

/** Names and values; what is absent is left out. */
export const facts = (rows) => h('dl', { class: 'facts' }, rows
  .filter((row) => row && row[1] !== undefined && row[1] !== null)
  .map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));

/**
 * A table that becomes cards on a narrow page.
 * @param columns each with `name`, `of(row)`, and `number` where figures stand in it
 */
export function table(caption, columns, rows, { empty, key } = {}) {
  if (rows.length === 0) return h('p', { class: 'empty' }, empty ?? 'Nothing here.');
  // The roles say again what the elements are: as cards, their display would take it away.
  return h('table', { class: 'cards', role: 'table' },
    h('caption', { class: 'unseen' }, caption),
    h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, columns.map((column) =>
      h('th', { scope: 'col', role: 'columnheader', class: column.number && 'number' },
        column.name || h('span', { class: 'unseen' }, column.spoken ?? 'Actions'))))),
    h('tbody', { role: 'rowgroup' }, rows.map((row) => h('tr', { role: 'row', 'data-key': key && key(row) }, columns.map((column) =>
      h('td', { role: 'cell', 'data-name': column.name || false, class: column.number && 'number' }, column.of(row)))))));
}

export const button = (text, onclick, { kind = '', disabled, label } = {}) =>
  h('button', { type: 'button', class: kind, onclick, disabled, 'aria-label': label }, text);

export const link = (text, href) => h('a', { href }, text);

/** What went wrong, with what to do where that is known. */
export function problemBox(error) {
  if (!(error instanceof Problem)) {
    return h('div', { class: 'problem', role: 'alert' }, h('strong', {}, 'This did not work. '), error.message);
  }
  return h('div', { class: 'problem', role: 'alert' },
    h('strong', {}, error.title), ' ', error.detail && error.detail !== error.title ? `${error.detail} ` : '',
    error.errors.map((field) => h('div', {}, `${field.field}: ${field.message}`)),
    h('div', { class: 'small' }, ADVICE[error.code] ?? 'The README’s table of errors says what to do.', ' Code ',
      h('code', {}, error.code), error.requestId && [', request ', h('code', {}, error.requestId)], '.'));
}

const ADVICE = {
  'own-request': 'Somebody else has to approve what you asked for: sign in as another person with the role approver.',
  forbidden: 'Your roles do not allow this. Ask whoever keeps the registry.',
  'stale-version': 'Somebody changed it meanwhile. Load it again, then decide again.',
  'rotation-in-progress': 'Wait for the rotation that is open, or cancel it first.',
  'rotation-state': 'Its state has changed meanwhile. Look at it again.',
  'key-in-use': 'Rotate first, and empty the quarantine.',
  'still-damaged': 'Put the right row back from a backup, then retry; or ask for its release.',
  'legal-hold': 'Lift the legal hold first, if you may.',
  'subject-not-found': 'Check the id.',
  'subject-erased': 'The receipt of its erasure says how far it is.',
  'exports-running': 'Wait for one of the two that are under way.',
  'verification-running': 'Wait for the one that is under way.',
  'approval-not-in-effect': 'Wait until it is approved and its waiting time is over.',
  'invalid-field': 'Mend what is named above.',
};

/** Pages of a list: the button that gets more. */
export const more = (next, onclick) => next && h('p', { class: 'more' }, button('Show more', onclick));

/** A line that fills; each part with its class, all in the unit of the whole. */
export function bar(label, parts, whole, text) {
  const done = parts.reduce((sum, part) => sum + part.value, 0);
  const share = (value) => (whole > 0 ? (100 * value) / whole : 0);
  let at = 0;
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('aria-hidden', 'true');
  for (const part of parts) {
    const rect = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
    rect.setAttribute('x', `${at}%`);
    rect.setAttribute('width', `${share(part.value)}%`);
    rect.setAttribute('height', '100%');
    rect.setAttribute('class', part.kind);
    at += share(part.value);
    svg.append(rect);
  }
  return h('div', {
    class: 'bar', role: 'progressbar', 'aria-label': label, 'aria-valuemin': 0, 'aria-valuemax': 100,
    'aria-valuenow': Math.floor(share(done)), 'aria-valuetext': text,
  }, svg);
}
