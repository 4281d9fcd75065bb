// Looks again and again: often while something runs, seldom while nobody looks, slower and slower while nobody answers.
import { Problem, Unreachable } from './api.js';
import { connection } from './connection.js';

const HIDDEN_MS = 30_000;
const LONGEST_MS = 8_000;

/**
 * Calls `look` now and then; it returns in how many milliseconds it wants to be called again, 0 for never. `failed` hears
 * of what no patience mends. The answer stops it.
 */
export function poll(look, failed) {
  let timer = 0;
  let stopped = false;
  let running = false;
  let failures = 0;

  async function round() {
    if (running || stopped) return;
    running = true;
    clearTimeout(timer);
    let next;
    try {
      next = await look();
      failures = 0;
    } catch (error) {
      next = afterFailure(error);
    }
    running = false;
    if (!stopped && next) timer = setTimeout(round, document.hidden ? Math.max(next, HIDDEN_MS) : next);
  }

  function afterFailure(error) {
    const passes = error instanceof Unreachable || (error instanceof Problem && error.passes);
    if (!passes) {
      if (!stopped) failed(error);
      return 0;
    }
    const wait = Math.min(LONGEST_MS, 1000 * 2 ** failures);
    failures += 1;
    if (!stopped) connection.lost(error.message, Math.round(wait / 1000));
    return wait;
  }

  const seen = () => { if (!document.hidden) round(); };
  document.addEventListener('visibilitychange', seen);
  round();
  const stop = () => {
    stopped = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', seen);
  };
  return { stop, now: round };
}
