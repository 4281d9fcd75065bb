// The audit trail: prove it, search it, take it away.
import { download, get, post } from '../api.js';
import { h, render } from '../dom.js';
import { ago, count, duration } from '../format.js';
import { button, facts, heading, problemBox, section } from '../parts.js';
import { caller, may } from '../session.js';
import { drawing } from '../trail.js';
import { search } from './search.js';

export function audit(place, failed) {
  let stopped = false;
  let verified = null;
  const answer = h('div', { class: 'place', 'data-kept': true });
  const searching = h('div', { class: 'place', 'data-kept': true });

  async function show() {
    const [overview, kept] = await Promise.all([get('/overview'), get('/audit/retention')]);
    if (stopped) return;
    render(place, heading('Audit', {
      note: 'Every request has an entry, durable before its answer leaves. Entries are sealed into a chain of signed blocks.',
      actions: downloads((error) => render(answer, problemBox(error))),
    }), section('Is it what was written?', last(verified ?? overview.verification),
      may('POST /audit:verify') ? h('p', {}, button('Verify everything', () => verify(), { kind: 'primary' })) : h('p', { class: 'small' }, 'Who has the role auditor can verify it, here or by the command line.'), answer),
    section('How long it is kept', facts([
      ['A month can be given up after', count(kept.months, 'month')],
      ['Given up', kept.pruned.length ? kept.pruned.join(', ') : 'no month'],
    ])), may('GET /audit') && section('Search', searching));
    if (may('GET /audit')) search(searching);
  }

  async function verify() {
    const began = Date.now();
    render(answer, h('p', { role: 'status' }, 'Reading every block, entry and template row. A million entries take about ten seconds …'));
    try {
      const report = await post('/audit:verify');
      verified = { ...report, at: new Date().toISOString(), caller: caller() };
      await show();
      render(answer, h('p', { class: 'small' }, `Took ${duration(Date.now() - began)}.`), drawing(report));
    } catch (error) {
      render(answer, problemBox(error));
    }
  }

  show().catch((error) => { if (!stopped) failed(error); });
  return { stop: () => { stopped = true; } };
}

function last(verification) {
  if (!verification) return h('p', {}, 'Nobody has verified it yet.');
  return h('p', {}, 'Last verified ', ago(verification.at), ` by ${verification.caller}: `,
    verification.intact ? h('strong', { class: 'ok' }, 'intact') : h('strong', { class: 'bad-text' }, count(verification.found, 'finding')),
    `, ${count(verification.blocks, 'block')}, ${count(verification.entries, 'entry', 'entries')}, ${count(verification.templates, 'template row')}.`);
}

function downloads(failed) {
  const save = (path, name, type) => () => download(path, name, type).catch(failed);
  return [
    may('GET /audit/export') && button('Export the trail', save('/audit/export', 'export.ndjson', 'application/x-ndjson')),
    may('GET /audit/checkpoints') && button('Checkpoint', save('/audit/checkpoints?limit=1', 'checkpoint.ndjson', 'application/x-ndjson')),
    may('GET /audit/keys') && button('Public keys', save('/audit/keys', 'public.pem', 'application/x-pem-file'))];
}
