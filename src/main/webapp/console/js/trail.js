// Draws what a verification came to: the chain of blocks, with the places where something was found.
import { h, s } from './dom.js';
import { count, number } from './format.js';
import { table } from './parts.js';
import { FINDING } from './words.js';

const BINS = 40;

export function drawing(report) {
  const whole = report.intact;
  return h('div', { class: `verdict ${whole ? 'intact' : 'broken'}`, role: 'status' },
    h('p', { class: 'verdict-line' }, h('strong', {}, whole ? '✓ Intact' : `✗ ${count(report.found, 'finding')}`), ' ',
      `${count(report.blocks, 'block')}, ${count(report.entries, 'entry', 'entries')} in them, ${number(report.waiting)} waiting for their block, ${count(report.templates, 'template row')}.`,
      report.pruned.length > 0 && ` Given up: ${report.pruned.join(', ')}.`),
    chain(report), !whole && findings(report));
}

/** One mark for so many blocks; a mark with a finding is told by its shape, too. */
function chain(report) {
  const bins = Math.max(1, Math.min(BINS, report.blocks));
  const bad = new Set(report.findings.map((finding) => Number(finding.block))
    .filter((block) => block > 0).map((block) => Math.min(bins - 1, Math.floor(((block - 1) * bins) / Math.max(1, report.blocks)))));
  const rows = report.findings.some((finding) => finding.kind.startsWith('row') || finding.kind === 'sums-changed');
  const each = Math.ceil(report.blocks / bins);
  return h('figure', { class: 'chain' },
    s('svg', { viewBox: `0 0 ${bins * 16} 20`, role: 'img', 'aria-label': `The chain of ${count(report.blocks, 'block')}: ${report.intact ? 'unbroken' : `${count(bad.size, 'place')} with findings`}` },
      s('line', { x1: 4, x2: bins * 16 - 6, y1: 10, y2: 10, class: 'chain-line' }),
      Array.from({ length: bins }, (_, i) => (bad.has(i)
        ? s('path', { d: `M${i * 16 + 1} 4l10 12m0-12l-10 12`, class: 'broken-mark' })
        : s('rect', { x: i * 16 + 1, y: 5, width: 10, height: 10, rx: 2, class: 'block-mark' })))),
    h('figcaption', { class: 'small' }, `The chain from block 1 to ${number(report.blocks)}; a mark stands for ${count(each, 'block')}. Template rows: ${rows ? 'they differ from what the blocks have signed.' : report.intact ? 'they add up to what the blocks have signed.' : 'see below.'}`));
}

function findings(report) {
  return [table('Findings', [
    { name: 'Kind', of: (finding) => h('span', { class: 'badge bad' }, finding.kind) },
    { name: 'What happened', of: (finding) => FINDING[finding.kind] ?? 'See the README.' },
    { name: 'Where', of: (finding) => h('ul', { class: 'plain' }, Object.entries(finding).filter(([name]) => name !== 'kind').map(([name, value]) => h('li', {}, `${name} `, h('code', {}, value)))) },
  ], report.findings), report.found > report.findings.length && h('p', { class: 'small' }, `The first ${number(report.findings.length)} of ${number(report.found)}.`),
  h('p', {}, 'Keep the database as it is, export the trail, and find out who can write to the database.')];
}
