// Every number with its unit, every time in the person's zone with UTC beside it.
import { h } from './dom.js';

const NUMBER = new Intl.NumberFormat(undefined);
const DECIMAL = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const TIME = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const SECOND = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const MINUTE = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

export const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone ?? 'local time';

export const number = (n) => NUMBER.format(n);

/** 1 subject, 2 subjects; the plural where it is not made by an s. */
export function count(n, one, many = `${one}s`) {
  return `${number(n)} ${n === 1 ? one : many}`;
}

export const perSecond = (n, what = 'subjects') => `${DECIMAL.format(n)} ${what}/s`;

export function percent(part, whole) {
  if (!whole) return '0 %';
  const share = (100 * part) / whole;
  if (part > 0 && share < 0.1) return '< 0.1 %';
  return `${part === whole ? 100 : Math.min(99.9, Math.floor(share * 10) / 10)} %`;
}

export function micros(us) {
  if (us === 0) return '0 ms';
  if (us < 1000) return `${number(us)} µs`;
  return us < 10_000_000 ? `${DECIMAL.format(us / 1000)} ms` : `${DECIMAL.format(us / 1_000_000)} s`;
}

/** Two units at the most: 2 y 30 d, 3 d 4 h, 12 min 5 s, 840 ms. */
export function duration(ms) {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  const units = [['y', 31_557_600_000], ['d', 86_400_000], ['h', 3_600_000], ['min', 60_000], ['s', 1000]];
  const first = units.findIndex(([, size]) => ms >= size);
  return units.slice(first, first + 2).map(([unit, size], i) => {
    const n = Math.floor((i === 0 ? ms : ms % units[first][1]) / size);
    return n || i === 0 ? `${n} ${unit}` : '';
  }).filter(Boolean).join(' ');
}

/** P21D as 21 days: what the API writes as an ISO 8601 duration or period. */
export function isoDuration(text) {
  const found = /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?$/.exec(text ?? '');
  if (!found) return text ?? '–';
  const names = ['year', 'month', 'week', 'day', 'hour', 'minute', 'second'];
  const hours = Number(found[5] ?? 0);
  if (hours >= 24 && hours % 24 === 0 && !found[6] && !found[7]) return count(hours / 24, 'day');
  return found.slice(1).map((n, i) => (n && Number(n) ? count(Number(n), names[i]) : '')).filter(Boolean).join(' ') || 'none';
}

const utc = (date) => `${date.toISOString().replace('T', ' ').replace(/\.\d+Z$/, '')} UTC`;

/** A time as an element, or a dash. */
export function time(iso, words = (date) => TIME.format(date)) {
  if (!iso) return '–';
  const date = new Date(iso);
  return h('time', { datetime: iso, title: utc(date) }, words(date));
}

export const clock = (iso, seconds = false) => (seconds ? SECOND : MINUTE).format(new Date(iso));

const INSTANT = /(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z)/;
const HOURS = /\bPT\d+H\b/g;

/** A sentence of the server, its times in the person's zone. */
export const withTimes = (text) => text.split(INSTANT).map((part) => (INSTANT.test(part) ? time(part) : part));

/** Its durations as people say them, such as PT504H is 21 days; nothing where it has none. */
export const durationsOf = (text) => [...new Set(text.match(HOURS) ?? [])].map((one) => `${one} is ${isoDuration(one)}`).join(', ');

/** How long ago, or how long until, with the time behind it. */
export function ago(iso, now = Date.now()) {
  return time(iso, (date) => {
    const ms = now - date.getTime();
    return Math.abs(ms) < 1000 ? 'now' : ms > 0 ? `${duration(coarse(ms))} ago` : `in ${duration(coarse(-ms))}`;
  });
}

/** How old something is, with the time behind it. */
export const age = (iso, now = Date.now()) => time(iso, (date) => duration(coarse(Math.max(1000, now - date.getTime()))));

const coarse = (ms) => (ms < 60_000 ? ms - (ms % 1000) : ms);

/** A day that has no time. */
export function day(iso) {
  if (!iso) return '–';
  const date = new Date(`${iso}T00:00:00Z`);
  const text = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeZone: 'UTC' }).format(date);
  return h('time', { datetime: iso, title: `${iso}, a day in UTC` }, text);
}

/** The beginning of an id, the whole of it on hover and for who listens. */
export const shortId = (id) => h('span', { class: 'id', title: id }, `${id.slice(0, 8)}…${id.slice(-4)}`);
