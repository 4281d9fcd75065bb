// The receipt of one erasure.
import { get, saveJson } from '../api.js';
import { h, render } from '../dom.js';
import { ago, count, time, withTimes } from '../format.js';
import { button, facts, heading, section } from '../parts.js';
import { poll } from '../poll.js';

const STEPS = [
  ['logicalAt', 'Erased', 'Its keys and rows are gone from the database.'],
  ['evictedAt', 'Out of memory', 'Every living node has ended what it had begun before.'],
  ['cryptographicAt', 'No key opens it', 'Every key version that it stood under is destroyed: no log, replica or backup opens it.'],
  ['physicalAt', 'Off the disks', 'The rows are vacuumed on every standby, and no registered copy from before is left.'],
];

export function erasure(place, failed, id) {
  return poll(async () => {
    const receipt = await get(`/erasures/${id}`);
    const waiting = Object.keys(receipt.waiting).length;
    render(place, heading('Receipt of an erasure', {
      back: { text: 'Erasures', href: '#/erasures' },
      actions: [button('Download the receipt', () => saveJson(receipt, `receipt-${id}.json`))],
      note: waiting ? `Not complete: ${count(waiting, 'step')} to come. This page looks again by itself.` : 'Complete. Keep the receipt.',
    }), section('The four times', h('ol', { class: 'times' }, STEPS.map((step) => one(step, receipt)))),
    section('What it says', facts([
      ['Reason', receipt.reason], ['By', receipt.requestedBy],
      ['Templates', count(receipt.templates, 'template')],
      ['Key versions', `${receipt.firstKeyVersion} to ${receipt.lastKeyVersion}`],
      ['Pseudonym', receipt.pseudonym && h('code', { class: 'long' }, receipt.pseudonym)],
      ['Released from quarantine', receipt.released ? 'yes' : null],
      ['Erased again', receipt.erasedAgainAt && receipt.erasedAgainAt.map((at) => h('div', {}, time(at)))],
      ['Copies registered too late', receipt.registeredLater ? count(receipt.registeredLater, 'copy', 'copies') : null],
      ['Signed', h('span', {}, time(receipt.signedAt), `, ${receipt.algorithm}, key ${receipt.keyNumber}`)],
    ]), h('h3', {}, 'What no receipt attests'), h('p', {}, `${receipt.notAttested.charAt(0).toUpperCase()}${receipt.notAttested.slice(1)}.`)));
    return waiting ? 5000 : 60_000;
  }, failed);
}

function one([name, title, meaning], receipt) {
  const at = receipt[name];
  const waiting = receipt.waiting[name];
  return h('li', { class: at ? 'past' : 'now' },
    h('strong', {}, title), ' ', at ? h('span', { class: 'ok' }, '✓ ', time(at)) : h('span', { class: 'waits' }, 'not yet'),
    h('div', { class: 'small' }, meaning),
    waiting && h('ul', { class: 'small' }, waiting.for.map((cause) => h('li', {}, 'For ', withTimes(cause))),
      h('li', {}, waiting.expected ? ['Expected ', ago(waiting.expected)] : 'Nobody can tell when.')));
}
