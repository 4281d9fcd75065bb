// Asks for a rotation.
import { post } from '../api.js';
import { ask } from '../ask.js';

export function rotate() {
  return ask({
    title: 'Rotate the keys',
    words: ['A new key version is made and wraps from then on. A job moves every subject to it while the vault serves. The old version stays until somebody destroys it.',
      'Back up the key store again as soon as the new version is made: without it, what is moved or stored from then on is lost.'],
    fields: [
      { name: 'mode', label: 'Mode', type: 'select', value: 'reencrypt', options: [['reencrypt', 're-encrypt: new keys, new ciphertext'], ['rewrap', 'rewrap: the same keys under the new version, much faster']] },
      { name: 'reason', label: 'Reason', type: 'select', value: 'manual', options: [['manual', 'manual'], ['scheduled', 'scheduled'], ['compromise', 'compromise: somebody else may have the keys']], hint: 'A compromise does not wait: a rotation that is open is cancelled. It needs the mode re-encrypt.' },
      { name: 'suite', label: 'Suite of new keys', type: 'select', options: [['', 'as it is'], ['CHACHA20_POLY1305', 'CHACHA20_POLY1305'], ['AES_256_GCM', 'AES_256_GCM']] },
      { name: 'rate', label: 'Rate, in subjects per second', type: 'number', min: 1, max: 1000000, hint: 'Empty: as fast as it goes. A rate takes longer and disturbs less.' },
    ],
    confirm: 'Rotate',
    run: async (values) => {
      const body = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
      const rotation = await post('/rotations', body);
      location.hash = `#/rotations/${rotation.id}`;
    },
  });
}
