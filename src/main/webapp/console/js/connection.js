// Says when the server is away, and when it is back.
import { render } from './dom.js';

const place = () => document.getElementById('connection');
let away = false;

export const connection = {
  /** An answer came. */
  answered() {
    if (!away) return;
    away = false;
    const line = place();
    line.classList.remove('away');
    line.classList.add('back');
    render(line, 'Connected again.');
    setTimeout(() => { if (!away) { line.classList.remove('back'); render(line); } }, 4000);
  },

  /** None came, or one that it may work in a while. */
  lost(why, seconds) {
    away = true;
    const line = place();
    line.classList.remove('back');
    line.classList.add('away');
    render(line, `Not connected, trying again every ${seconds === 1 ? 'second' : `${seconds} seconds`}. ${why} What you see may be old.`);
  },

  get isAway() { return away; },
};
