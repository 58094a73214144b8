// The sequence diagram: the server and the connections as lanes, one row an event. SVG of our own making.

import { clock, colour, describe } from './describe.js';
import { nameOf } from './connections.js';
import { shape } from './element.js';
import { t } from './i18n.js';

/** Rows of an exported drawing. */
const EXPORTED = 400;
/** Width of a lane, height of a row, and the places before the first lane, in letter sizes. */
const LANE = 11.5, ROW = 1.55, LEFT = 6.5, SERVER = 4.5;
/** Width of a letter, as all are equal here. */
const LETTER = 0.602;

export class Sequence {
  #place; #choose; #scene = null;

  constructor(section, { choose }) {
    this.#place = section.querySelector('.drawing');
    this.#choose = choose;
    this.#place.addEventListener('click', ({ target }) => {
      const row = target.closest('[data-n]');
      if (row) choose(Number(row.dataset.n));
    });
    new ResizeObserver(() => this.#scene && this.show(this.#scene)).observe(this.#place);
  }

  show(scene) {
    this.#scene = scene;
    const { clientWidth: width, clientHeight: height } = this.#place;
    if (!width || !height) return;
    const rows = Math.max(1, Math.floor(height / (em() * ROW)) - 2);
    this.#place.replaceChildren(draw(scene, width, rows, em()));
  }

  /** The drawing as a file that needs nothing else: the latest rows, with their colours. */
  export() {
    const drawing = draw(this.#scene, Math.max(this.#place.clientWidth, 900), EXPORTED, em());
    const colours = getComputedStyle(document.documentElement);
    const name = (token) => `${token}: ${colours.getPropertyValue(token)};`;
    const tokens = ['--sheet', '--ink', '--soft', '--rule', '--sent', '--received', '--control', '--fault'].map(name).join(' ');
    drawing.prepend(shape('style', {}, `svg { ${tokens} font: ${em()}px monospace; background: var(--sheet); } ${DRAWN}`));
    return new Blob([new XMLSerializer().serializeToString(drawing)], { type: 'image/svg+xml' });
  }
}

/** The rules of class.css for drawings, for one that leaves the page. */
const DRAWN = `text { fill: var(--ink); } .under { fill: var(--sheet); }
  .lane { stroke: var(--rule); stroke-width: 2; } line, path { stroke: currentColor; fill: none; stroke-width: 2; }
  .head { fill: currentColor; } .sent { color: var(--sent); } .received { color: var(--received); } .control { color: var(--control); }
  .fault { color: var(--fault); } .fault line { stroke-dasharray: 8 4; } .row text { fill: currentColor; } .time { fill: var(--soft) !important; }`;

/** The letter size of the page in pixels. */
const em = () => parseFloat(getComputedStyle(document.documentElement).fontSize);

/** The events that get a row: a scene has all events, and pages that were loaded have no lane. */
const drawn = ({ event, socket }) => Boolean(socket) && event !== 'other';

function draw({ events, sockets, selected, frame }, width, count, size) {
  const lanes = lanesOf(events, sockets, selected, Math.max(1, Math.floor((width / size - LEFT - SERVER) / LANE)));
  const shown = rowsOf(events, lanes, count, frame);
  const laneWidth = (width / size - LEFT - SERVER) / Math.max(1, lanes.length);
  const place = { server: (LEFT + SERVER / 2) * size, row: ROW * size, size, width };
  const xOf = new Map(lanes.map((name, index) => [name, (LEFT + SERVER + laneWidth * (index + 0.5)) * size]));
  const height = (Math.max(shown.length, 1) + 1.4) * place.row;
  const svg = shape('svg', { width, height, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': t('sequence_says', { count: shown.length }), xmlns: 'http://www.w3.org/2000/svg' });
  for (const [name, x] of [['', place.server], ...xOf]) {
    svg.append(shape('line', { class: 'lane', x1: x, x2: x, y1: place.row * 1.2, y2: height }));
    const socket = sockets.get(name);
    const title = name ? `${name} ${nameOf(socket)}` : t('server');
    svg.append(shape('text', { class: `title${name === selected && name ? ' chosen' : ''}`, x, y: place.row * 0.8, 'text-anchor': 'middle' }, fit(title, laneWidth)));
  }
  if (shown.length === 0) svg.append(shape('text', { x: (LEFT + SERVER) * size, y: place.row * 2 }, t('nothing_yet')));
  shown.forEach((event, index) => svg.append(row(event, (index + 2) * place.row, xOf.get(event.socket), place, event.n === frame?.n)));
  return svg;
}

/** The latest rows, or those around the chosen frame if it is none of them. */
function rowsOf(events, lanes, count, frame) {
  const rows = [];
  let after = 0; // rows behind the chosen one
  for (let at = events.length - 1; at >= 0; at--) {
    if (!drawn(events[at]) || !lanes.includes(events[at].socket)) continue;
    rows.push(events[at]);
    if (rows.length > count) rows.shift();
    if (frame && events[at].n <= frame.n) after += 1;
    if (rows.length === count && (!frame || !lanes.includes(frame.socket) || after > Math.min(count / 2, 5))) break;
  }
  return rows.reverse();
}

/** The lanes that fit: the chosen one, and those where something happened last, in their order. */
function lanesOf(events, sockets, selected, room) {
  const lanes = new Set(selected && sockets.has(selected) ? [selected] : []);
  for (let at = events.length - 1; at >= 0 && lanes.size < room; at--) {
    if (events[at].socket) lanes.add(events[at].socket);
  }
  return [...lanes].sort((a, b) => a.slice(1) - b.slice(1));
}

function row(event, y, x, { server, size, row: step }, isChosen) {
  const { kind, text } = describe(event);
  const group = shape('g', { class: `row ${colour(event)}${isChosen ? ' chosen' : ''}`, 'data-n': event.n });
  if (isChosen) group.append(shape('rect', { class: 'ground', x: 0, y: y - step * 0.8, width: '100%', height: step }));
  group.append(shape('text', { class: 'time', x: size * 0.4, y: y - size * 0.1 }, clock(event.time, 1)));
  const [from, to] = event.from === 'client' ? [x, server] : [server, x];
  const middle = y - size * 0.4;
  const ahead = Math.sign(to - from);
  if (event.from && event.event !== 'end') {
    group.append(
      shape('line', { x1: from, x2: to - ahead * size * 0.4, y1: middle, y2: middle }),
      shape('path', { class: 'head', d: `M ${to} ${middle} l ${-ahead * size * 0.7} ${-size * 0.3} v ${size * 0.6} z` }),
    );
  } else if (event.event === 'end') {
    group.append(shape('path', { d: cross(from, middle, size * 0.35) }));
  }
  const span = Math.abs(to - from) / size;
  const label = `${event.fault ? `⚡ ${event.event === 'fault' ? '' : t('fault_word', { fault: event.fault.split(' ')[0] })} ` : ''}${wordOf(event, kind)} ${text}`;
  const words = fit(label.trim(), span - 2);
  const long = (words.length + 1) * LETTER * size;
  group.append(
    shape('rect', { class: 'under', x: (from + to - long) / 2, y: y - size, width: long, height: size * 1.2 }),
    shape('text', { x: (from + to) / 2, y: y - size * 0.1, 'text-anchor': 'middle' }, words),
  );
  group.append(shape('title', {}, label.slice(0, 300)));
  return group;
}

const wordOf = (event, kind) => (event.event === 'end' ? t('end_of_tcp') : event.event === 'fault' ? '' : kind);

const cross = (x, y, arm) => `M ${x - arm} ${y - arm} l ${arm * 2} ${arm * 2} m 0 ${-arm * 2} l ${-arm * 2} ${arm * 2}`;

/** As much of a text as fits in so many letter sizes. */
function fit(text, room) {
  const letters = Math.max(4, Math.floor(room / LETTER));
  return text.length > letters ? `${text.slice(0, letters - 1)}…` : text;
}
