// Small charts: bars and lines over time, with a scale that has a unit. A text beside each tells the same.
import { h, s } from './dom.js';
import { clock } from './format.js';

const LEFT = 64;
const BOTTOM = 22;
const TOP = 10;

/** 1, 2, 5, 10, 20, 50 …: the first that is not below. */
export function niceCeiling(value) {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= value);
}

/**
 * @param series each with `name`, `kind` (`bar` or `line`), `class`, and `values`, as many as there are times
 * @param times ISO 8601, at the same distance
 * @param unit says a value with its unit
 * @param summary what the picture shows, in words
 */
export function chart({ title, series, times, unit, summary, width = 640, height = 170 }) {
  const top = niceCeiling(Math.max(0, ...series.flatMap((one) => one.values)));
  const inner = Math.max(50, width - LEFT - 8);
  const tall = height - TOP - BOTTOM;
  const x = (i) => LEFT + (times.length > 1 ? (i * inner) / (times.length - 1) : inner / 2);
  const y = (value) => TOP + tall - (tall * value) / top;
  return h('figure', { class: 'chart' },
    h('figcaption', {}, h('strong', {}, title), ' ',
      series.map((one) => h('span', { class: 'key' }, s('svg', { viewBox: '0 0 10 10', width: 10, height: 10, 'aria-hidden': 'true' },
        s('rect', { width: 10, height: 10, class: `mark ${one.class}` })), one.name))),
    s('svg', { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': `${title}. ${summary}` },
      [0, top / 2, top].map((value) => [
        s('line', { x1: LEFT, x2: LEFT + inner, y1: y(value), y2: y(value), class: 'grid' }),
        s('text', { x: LEFT - 8, y: y(value) + 4, 'text-anchor': 'end' }, unit(value)),
      ]),
      ticks(times).map((i) => s('text', {
        x: x(i), y: height - 5, 'text-anchor': i === 0 ? 'start' : i === times.length - 1 ? 'end' : 'middle',
      }, clock(times[i]))),
      series.map((one) => (one.kind === 'bar' ? bars(one, x, y, inner / times.length) : line(one, x, y)))),
    h('p', { class: 'small' }, summary));
}

function ticks(times) {
  const last = times.length - 1;
  if (last < 1) return times.length ? [0] : [];
  const labels = new Set();
  return [0, Math.round(last / 3), Math.round((2 * last) / 3), last]
    .filter((i) => !labels.has(clock(times[i])) && labels.add(clock(times[i])));
}

function bars(one, x, y, wide) {
  const width = Math.max(1, wide - 2);
  return one.values.map((value, i) => value > 0 && s('rect', {
    x: x(i) - width / 2, y: y(value), width, height: Math.max(1, y(0) - y(value)), class: `mark ${one.class}`,
  }));
}

/** A value that is null was not there: the line has a gap. */
function line(one, x, y) {
  const runs = [[]];
  one.values.forEach((value, i) => {
    if (value === null) runs.push([]);
    else runs[runs.length - 1].push([x(i).toFixed(1), y(value).toFixed(1)]);
  });
  return runs.filter((run) => run.length).map((run) => (run.length === 1
    ? s('circle', { cx: run[0][0], cy: run[0][1], r: 2.5, class: `mark ${one.class}` })
    : s('polyline', { points: run.map((point) => point.join(',')).join(' '), class: `line ${one.class}` })));
}

/** The width that a chart has in this element. */
export const widthOf = (element) => Math.max(240, Math.min(1100, (element.clientWidth || 640) - 34));
