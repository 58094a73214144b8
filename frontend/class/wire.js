// The wire panel: the frames of a connection, and the chosen one byte by byte.

import { clock, colour, describe } from './describe.js';
import { Anatomy } from './anatomy.js';
import { element } from './element.js';
import { lensFor } from './lenses.js';
import { Listbox } from './listbox.js';
import { t } from './i18n.js';

/** Frames in the list: the latest ones before the place that is looked at. */
const SHOWN = 200;
/** Frames a second beyond which only some are shown. Nobody can read more. */
const READABLE = 50;

export class Wire {
  #place; #list; #sampled; #anatomy;

  constructor(section, { choose }) {
    this.#place = section.querySelector('ol');
    this.#sampled = section.querySelector('.sampled');
    this.#anatomy = new Anatomy(section.querySelector('.anatomy'));
    this.#list = new Listbox(this.#place, { make, choose: (key) => choose(Number(key)) });
  }

  show(scene) {
    const { events, selected, frame, sockets, live, leftOut } = scene;
    const all = framesOf(events, selected);
    const every = Math.max(1, Math.ceil(rate(all) / READABLE));
    // A frame that a fault touched is never left out.
    const shown = all.filter((event, at) => at % every === 0 || event.fault || event === frame).slice(-SHOWN);
    this.#list.show(shown.map((event) => [String(event.n), { event, socket: sockets.get(event.socket) }]), frame ? String(frame.n) : null);
    const words = [];
    if (every > 1) words.push(t('sampled', { count: every }));
    if (leftOut > 0) words.push(t('left_out', { count: leftOut }));
    this.#sampled.textContent = words.join(' ');
    this.#place.classList.toggle('one', selected !== null);
    if (live && frame === all.at(-1)) this.#place.scrollTop = this.#place.scrollHeight;
    this.#anatomy.show(frame, sockets.get(frame?.socket), scene.form, scene.unmask);
  }
}

/** Frames, those that wait for the teacher, those that ended too soon, and bytes that are none. */
const LISTED = new Set(['frame', 'held', 'torn', 'stray']);

/** The frames of one connection, or of all. */
export function framesOf(events, selected) {
  return events.filter(({ event, socket }) => LISTED.has(event) && (!selected || socket === selected));
}

/** Frames in the last second. */
function rate(frames) {
  const last = Date.parse(frames.at(-1)?.time);
  let count = 0;
  for (let at = frames.length - 1; at >= 0 && Date.parse(frames[at].time) > last - 1000; at--) count += 1;
  return count;
}

function make(line, { event, socket }) {
  const { kind, text } = describe(event);
  const lens = lensFor(event, socket);
  line.className = `${colour(event)} by-${event.from}`;
  const arrow = element('span', 'arrow', event.from === 'client' ? '→' : '←');
  arrow.setAttribute('aria-label', t(event.from === 'client' ? 'from_client' : 'from_server'));
  arrow.setAttribute('role', 'img');
  line.append(
    element('span', 'when', clock(event.time)),
    element('span', 'id', event.socket ?? ''),
    arrow,
    element('b', 'kind', kind),
    element('span', 'size', t('bytes_short', { count: event.length ?? 0 })),
    element('bdi', 'text', lens ? lens.summary : text),
  );
  if (event.fault) line.insertBefore(element('span', 'word', t('fault_word', { fault: event.fault.split(' ')[0] })), line.lastChild);
  if (event.violation) line.insertBefore(element('span', 'word', t('violation_word')), line.lastChild);
}
