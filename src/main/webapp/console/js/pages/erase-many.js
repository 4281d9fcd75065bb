// Asks for an erasure of many: counts first, then asks again with the count.
import { post } from '../api.js';
import { ask, reasonField } from '../ask.js';
import { count } from '../format.js';

const MODALITIES = ['FINGERPRINT', 'FACE', 'IRIS', 'VOICE', 'PALM', 'VEIN', 'OTHER'];

export async function eraseMany() {
  let query;
  let found;
  const counted = await ask({
    title: 'Erase many subjects: whom?',
    words: ['All that you give must hold. First they are only counted; nobody is erased yet.'],
    fields: [
      { name: 'modality', type: 'select', label: 'Who have a template of', options: [['', 'any modality'], ...MODALITIES.map((name) => [name, name.toLowerCase()])] },
      { name: 'olderThan', type: 'number', label: 'Who were made at least so many days ago', min: 0, max: 36500 },
      { name: 'retentionDue', type: 'checkbox', label: 'Whose time is over by their retention policy' },
    ],
    confirm: 'Count them',
    run: async (values) => {
      query = {};
      if (values.modality) query.modality = values.modality;
      if (values.olderThan !== null) query.olderThan = `P${values.olderThan}D`;
      if (values.retentionDue) query.retentionDue = true;
      found = await post('/erasures', { dryRun: true, query });
    },
  });
  if (!counted) return;
  const fit = `${count(found.total, 'subject')} fit. ${count(found.held, 'subject')} of them are under a legal hold and stay.`;
  if (found.total === found.held) {
    const again = await ask({ title: 'There is nobody to erase', words: [fit], confirm: 'Choose others', run: async () => {} });
    if (again) await eraseMany();
    return;
  }
  await ask({
    title: `Erase ${count(found.total - found.held, 'subject')}`,
    words: [
      fit,
      'The others are erased for ever, their keys first, each with a receipt. Nobody can bring them back. If more fit by then than were counted, nobody is erased.'],
    fields: [reasonField()],
    confirm: `Erase ${count(found.total - found.held, 'subject')}`, danger: true,
    run: async (values) => {
      const bulk = await post('/erasures', { query, atMost: found.total }, { 'X-Reason': values.reason });
      location.hash = `#/bulk/${bulk.id}`;
    },
  });
}
