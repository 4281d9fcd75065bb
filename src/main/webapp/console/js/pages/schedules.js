// What the vault does by itself: the schedule of rotations, and the standing policy of the epoch.
import { post, put } from '../api.js';
import { ask } from '../ask.js';

const days = (text) => /^P(\d+)D$|^PT(\d+)H$/.exec(text ?? '');
const asDays = (text) => { const found = days(text); return found ? (found[1] ?? String(Number(found[2]) / 24)) : ''; };

export function editSchedule(schedule, again) {
  return ask({
    title: 'Rotation on a schedule',
    words: ['The vault asks for a rotation by itself when the active version is this old or has wrapped this often, whichever comes first.'],
    fields: [
      { name: 'enabled', type: 'checkbox', label: 'On', value: schedule.enabled },
      { name: 'age', type: 'number', label: 'At an age of so many days', min: 1, max: 3650, value: asDays(schedule.maxAge) || 90 },
      { name: 'maxWraps', type: 'number', label: 'After so many wraps', min: 524288, max: 2 ** 30, value: schedule.maxWraps, hint: 'Empty: only the age counts. At most 2³⁰, a quarter of the limit.' },
      { name: 'mode', type: 'select', label: 'Mode', value: schedule.mode, options: [['reencrypt', 're-encrypt'], ['rewrap', 'rewrap']] },
      { name: 'rate', type: 'number', label: 'Rate, in subjects per second', min: 1, max: 1000000, value: schedule.rate, hint: 'Empty: as fast as it goes.' },
    ],
    confirm: 'Set the schedule',
    run: async (values) => {
      const body = { enabled: values.enabled, mode: values.mode };
      if (values.age) body.maxAge = `P${values.age}D`;
      if (values.maxWraps) body.maxWraps = values.maxWraps;
      if (values.rate) body.rate = values.rate;
      await put('/schedules/rotation', body);
      again();
    },
  });
}

export function askForPolicy(again) {
  return ask({
    title: 'Ask for a standing policy',
    words: ['Another person has to approve it. Then the vault makes a new key version at regular times, moves every subject to it, and destroys the version before, without asking again, until the policy ends or its approval is cancelled.',
      'That completes the receipts of erasures. It also makes backups older than the interval worthless by themselves.'],
    fields: [
      { name: 'interval', type: 'number', label: 'A version is active for so many days', min: 1, max: 366, value: 21, required: true },
      { name: 'wait', type: 'number', label: 'Destroyed so many days after it was left', min: 0, max: 366, value: 1, required: true },
      { name: 'quarantine', type: 'number', label: 'A row that does not open keeps a version for so many days', min: 0, max: 366, value: 7, required: true },
      { name: 'rate', type: 'number', label: 'Rate, in subjects per second', min: 1, max: 1000000, hint: 'Empty: as fast as it goes.' },
      { name: 'withoutNewerBackup', type: 'checkbox', label: 'Do not wait for newer registered backups' },
    ],
    confirm: 'Ask for it', danger: true,
    run: async (values) => {
      const body = { interval: `P${values.interval}D`, wait: `P${values.wait}D`, quarantine: `P${values.quarantine}D`, withoutNewerBackup: values.withoutNewerBackup };
      if (values.rate) body.rate = values.rate;
      await post('/standing-policies', body);
      again();
      location.hash = '#/approvals';
    },
  });
}
