// Numbers of the last minute: frames and bytes a second, and connections, each with a sparkline.

import { element, shape } from './element.js';
import { isOpen } from './connections.js';
import { number, size, t } from './i18n.js';

const SECONDS = 60;
const WIDTH = 120, HEIGHT = 28;

export class Statistics {
  #place;

  constructor(section) {
    this.#place = section.querySelector('dl');
  }

  show({ events, sockets }) {
    const end = Date.parse(events.at(-1)?.time ?? new Date().toISOString());
    const { frames, bytes, opened } = lastMinute(events, end);
    const all = [...sockets.values()];
    const open = all.filter(({ state }) => isOpen(state)).length;
    const sum = (field, side) => all.reduce((total, socket) => total + socket[field][side], 0);
    const facts = [
      ['stat_connections', number(open), levels(opened, open)],
      ['stat_frames', t('per_second', { count: number(frames.at(-2) ?? 0) }), frames],
      ['stat_bytes', t('per_second', { count: size(bytes.at(-2) ?? 0) }), bytes],
      ['stat_client', `${number(sum('frames', 'client'))} · ${size(sum('bytes', 'client'))}`],
      ['stat_server', `${number(sum('frames', 'server'))} · ${size(sum('bytes', 'server'))}`],
    ];
    this.#place.replaceChildren(...facts.map(([key, value, line]) => {
      const fact = element('div', '', element('dt', '', t(key)), element('dd', '', value));
      if (line) fact.append(element('dd', 'line', sparkline(line, t('sparkline', { most: number(Math.max(...line)) }))));
      return fact;
    }));
  }
}

/** Counts for each of the last seconds, the oldest first. */
export function lastMinute(events, end) {
  const [frames, bytes, opened] = [0, 0, 0].map(() => Array(SECONDS).fill(0));
  for (let at = events.length - 1; at >= 0; at--) {
    const { event, time, length, status } = events[at];
    const second = SECONDS - 1 - Math.floor((end - Date.parse(time)) / 1000);
    if (second < 0) break;
    if (second >= SECONDS) continue;
    if (event === 'frame') { frames[second] += 1; bytes[second] += length; }
    if (event === 'answer' && status === 101) opened[second] += 1;
    if (event === 'end' && events[at].from === 'client') opened[second] -= 1;
  }
  return { frames, bytes, opened };
}

/** How many were open in each second, counted back from how many are now. */
function levels(changes, now) {
  const line = [];
  let level = now;
  for (let at = changes.length - 1; at >= 0; at--) {
    line.unshift(Math.max(0, level));
    level -= changes[at];
  }
  return line;
}

/** A line without axes; its words are for those who do not see it. */
export function sparkline(values, words) {
  const most = Math.max(1, ...values);
  const points = values.map((value, at) => `${((at * WIDTH) / (values.length - 1)).toFixed(1)},${(HEIGHT - 2 - (value / most) * (HEIGHT - 4)).toFixed(1)}`);
  return shape('svg', { class: 'sparkline', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': words },
    shape('polyline', { points: points.join(' ') }));
}
