// The session that the page shows: the events of the tap, in their order. It knows no page.

import { Sockets } from './sockets.js';

/** Events that are kept. The recording of the tap has all; the page forgets the oldest, many at once. */
const KEPT = 20_000;
const FORGOTTEN = 2_000;
/** Characters of one recorded line. The tap writes at most 256 KiB of a payload. */
const LINE_LIMIT = 1_000_000;

/** Of the next event. No number comes twice on one page, so what is shown of one session is never taken for
 *  a part of another. */
let next = 0;

export class Session {
  /** Each has a number `n`, one higher than the one before. */
  events = [];
  #next = next;
  /** The connections as they are after the last event. */
  sockets = new Sockets();
  /** The same as it was before the first event that is kept. */
  #before = new Sockets();
  /** Events that this page never got, as the server told. */
  leftOut = 0;
  /** The place that was looked at last, and its connections. */
  #looked = { n: -1, sockets: null };

  /** Takes an object as the tap prints it. False if it is none. */
  add(event) {
    if (event?.event === 'summary') return true; // the end of a recording: it says nothing new
    if (typeof event?.event !== 'string' || !well(event)) return false;
    const taken = { ...event, n: next };
    next += 1;
    this.#next = next;
    this.events.push(taken);
    this.sockets.take(taken);
    if (this.events.length > KEPT) {
      for (const old of this.events.splice(0, FORGOTTEN)) this.#before.take(old);
    }
    return true;
  }

  /** The connections as they were after event `n`. */
  socketsAt(n) {
    if (n >= this.lastNumber) return this.sockets;
    if (n !== this.#looked.n) {
      const sockets = this.#before.copy();
      for (const event of this.upTo(n)) sockets.take(event);
      this.#looked = { n, sockets };
    }
    return this.#looked.sockets;
  }

  /** The events up to number `n`, and this one. */
  upTo(n) {
    return n >= this.lastNumber ? this.events : this.events.slice(0, Math.max(0, n - this.firstNumber + 1));
  }

  find(n) {
    return this.events[n - this.firstNumber];
  }

  get firstNumber() {
    return this.#next - this.events.length;
  }

  get lastNumber() {
    return this.#next - 1;
  }
}

/** Whether the fields of an event are what the page relies on: a file may hold anything. */
function well(event) {
  if (typeof event.time !== 'string' || Number.isNaN(Date.parse(event.time))) return false;
  if (event.socket !== undefined && !/^c\d{1,15}$/.test(event.socket)) return false;
  if (event.event === 'fault') return typeof event.fault === 'string';
  if (event.event !== 'frame' && event.event !== 'held') return !event.headers || pairs(event.headers);
  return ['client', 'server'].includes(event.from) && within(event.opcode, 15) && within(event.rsv, 7)
    && within(event.length, Number.MAX_SAFE_INTEGER)
    && typeof event.kind === 'string' && [event.text, event.base64, event.reason, event.fault, event.violation].every((it) => it === undefined || typeof it === 'string')
    && (event.mask === null || /^[0-9a-f]{8}$/.test(event.mask));
}

const within = (value, most) => Number.isInteger(value) && value >= 0 && value <= most;
const pairs = (headers) => Array.isArray(headers) && headers.every((pair) => Array.isArray(pair) && pair.every((it) => typeof it === 'string'));

/** Reads a recorded session: one JSON object a line. Lines that are none are counted. */
export function readRecording(text) {
  const session = new Session();
  let refused = 0;
  for (const line of text.split('\n')) {
    if (!line.trim()) continue;
    let event = null;
    if (line.length <= LINE_LIMIT) {
      try { event = JSON.parse(line); } catch { /* counted below */ }
    }
    if (event?.event === 'request' && event.request && !pairs(event.request.headers)) event = null;
    if (!session.add(event)) refused += 1;
  }
  return { session, refused };
}
