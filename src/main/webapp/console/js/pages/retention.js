// How long subjects are kept: policies, the daily erasure, legal holds.
import { get, getPages, getWithTag, post, put } from '../api.js';
import { ask } from '../ask.js';
import { h, render } from '../dom.js';
import { ago, count, isoDuration, number, shortId, time } from '../format.js';
import { badge, button, facts, heading, more, problemBox, section, table } from '../parts.js';
import { poll } from '../poll.js';
import { may } from '../session.js';

export function retention(place, failed) {
  let counted = null;
  let holdPages = 1;
  const watch = poll(async () => {
    const { policies } = await get('/policies');
    const schedules = may('GET /schedules') ? (await get('/schedules')).schedules : [];
    const holds = may('GET /holds') ? await getPages('/holds', 'holds', holdPages) : null;
    render(place, heading('Retention', {
      note: 'Each subject has a policy: how long it is kept, and why. The daily erasure erases whose time is over.',
      actions: [may('PUT /policies/{policy}') && button('New policy…', () => editPolicy(null, watch.now))],
    }), section('Policies', list(policies, watch.now)),
    daily(schedules.find((one) => one.name === 'retention'), counted, watch, (result) => { counted = result; watch.now(); }),
    holds && section('Legal holds in force', holdList(holds.rows), more(holds.next, () => { holdPages += 1; watch.now(); })));
    return 15_000;
  }, failed);
  return watch;
}

const list = (policies, again) => table('Retention policies', [
  { name: 'Policy', of: (policy) => h('strong', {}, policy.name) },
  { name: 'Version', number: true, of: (policy) => `version ${policy.version}` },
  { name: 'In force', of: (policy) => (policy.inForce ? badge('in force', 'good') : h('span', {}, badge('not yet', 'warn'), ' ', ago(policy.inForceAt))) },
  { name: 'Kept after the last interaction', of: (policy) => isoDuration(policy.maxIdle) },
  { name: 'Kept at the most', of: (policy) => isoDuration(policy.maxAge) },
  { name: 'Versions kept', number: true, of: (policy) => (policy.versionsKept ? number(policy.versionsKept) : '–') },
  { name: 'Purpose and legal basis', of: (policy) => h('span', {}, policy.purpose, h('div', { class: 'small' }, policy.legalBasis)) },
  ...(may('PUT /policies/{policy}') ? [{ name: '', of: (policy) => button('Change…', () => editPolicy(policy, again), { label: `Change the policy ${policy.name}` }) }] : []),
], policies, { key: (policy) => `${policy.name} ${policy.version}` });

function daily(schedule, counted, watch, done) {
  if (!schedule && !may('POST /erasures')) return false;
  return section('The daily erasure', facts([
    ['State', schedule && badge(schedule.enabled ? 'on' : 'off', schedule.enabled ? 'good' : 'bad')],
    ['Next run', schedule?.nextDueAt && ago(schedule.nextDueAt)],
    ['Set by', schedule && h('span', {}, schedule.updatedBy, schedule.updatedBy !== 'vault: default' && [', ', ago(schedule.updatedAt)])],
    ['Would erase today', counted && !counted.error && h('span', {}, h('strong', {}, count(counted.total - counted.held, 'subject')), `, and leave ${count(counted.held, 'subject')} under a legal hold; counted `, ago(counted.at))],
  ]), counted?.error && problemBox(counted.error), h('p', { class: 'actions' },
    may('POST /erasures') && button('Count the next run (nobody is erased)', async () => done(await dryRun())),
    schedule && may('PUT /schedules/retention') && button(schedule.enabled ? 'Switch off…' : 'Switch on…', () => toggle(schedule, watch.now), { kind: schedule.enabled ? 'danger' : 'primary' })));
}

async function dryRun() {
  try {
    return { ...(await post('/erasures', { dryRun: true, query: { retentionDue: true } })), at: new Date().toISOString() };
  } catch (error) {
    return { error };
  }
}

const toggle = (schedule, again) => ask({
  title: schedule.enabled ? 'Switch the daily erasure off' : 'Switch the daily erasure on',
  words: schedule.enabled
    ? ['From now on nobody is erased by time. Subjects are kept longer than the published policies promise, until it is on again.']
    : ['From now on, once a day (UTC), everybody is erased whose time is over and who is not under a legal hold. Count the next run first.'],
  confirm: schedule.enabled ? 'Switch off' : 'Switch on', danger: true,
  run: async () => { await put('/schedules/retention', { enabled: !schedule.enabled }); again(); },
});

const holdList = (rows) => table('Legal holds in force', [
  { name: 'Subject', of: (hold) => h('a', { href: `#/subjects/${hold.subject}` }, shortId(hold.subject)) },
  { name: 'Reason', of: (hold) => hold.reason },
  { name: 'Set by', of: (hold) => hold.setBy },
  { name: 'Since', of: (hold) => time(hold.setAt) },
], rows, { empty: 'Nobody is under a legal hold. Set one on the subject’s page.', key: (hold) => hold.id });

const PERIOD = 'P(\\d+Y)?(\\d+M)?(\\d+W)?(\\d+D)?';

async function editPolicy(policy, again) {
  const current = policy && await getWithTag(`/policies/${policy.name}`);
  const now = current?.data ?? {};
  await ask({
    title: policy ? `Change the policy ${policy.name}` : 'New retention policy',
    words: ['What is longer than before is in force at once. What is shorter needs a second person, and then its notice, before anybody is erased by it.'],
    fields: [
      ...(policy ? [] : [{ name: 'name', label: 'Name', required: true, pattern: '[a-z][a-z0-9\\-]{0,39}', hint: 'Small letters, digits, hyphens.' }]),
      { name: 'purpose', label: 'Purpose', required: true, value: now.purpose, maxlength: 500 },
      { name: 'legalBasis', label: 'Legal basis', required: true, value: now.legalBasis, maxlength: 500 },
      { name: 'maxIdle', label: 'Kept after the last interaction', value: now.maxIdle, pattern: PERIOD, placeholder: 'P3Y', hint: 'P3Y for three years, P90D for 90 days.' },
      { name: 'maxAge', label: 'Kept at the most', value: now.maxAge, pattern: PERIOD, placeholder: 'P10Y', hint: 'Empty: without an end.' },
      { name: 'versionsKept', label: 'Versions of a template kept', type: 'number', min: 1, max: 1000, value: now.versionsKept },
    ],
    confirm: policy ? 'Publish the next version' : 'Publish the policy',
    run: async (values) => {
      const { name, ...terms } = values;
      const body = Object.fromEntries(Object.entries(terms).filter(([, value]) => value !== null));
      const answer = await put(`/policies/${policy?.name ?? name}`, body, current?.etag ? { 'If-Match': current.etag } : {});
      if (answer.status === 202) {
        await ask({ title: 'A second person has to approve it', words: ['It makes a limit shorter, so it waits for an approval. Nothing has changed yet.'], confirm: 'Good', run: async () => {} });
      }
      again();
    },
  });
}
