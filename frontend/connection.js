// One WebSocket that comes back.
//
//               open             welcomed()
//   connecting ──────► hello ──────────────► live
//       ▲  │             │                    │
//       │  ▼             ▼                    ▼      every arrow down is a lost connection:
//     waiting ◄────────────────────────────────      after most of them we try again,
//                                                    after some we are `stopped`
//
// This file knows no page and no chat: it runs in a browser and in Node.

const FIRST_WAIT = 500;
const LONGEST_WAIT = 20_000;
const HEALTHY = 10_000; // a connection that lived this long was a good one
const PATIENCE = 10_000; // how long an answer may take

/** How long to wait after so many failures, in milliseconds.
 *  All of it is dice: thirty tabs that lose one server must not return in the same instant. */
export function backoff(failures, random = Math.random) {
  return random() * Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** failures);
}

/** Whether trying again makes sense after this close code. */
export function isFinal(code) {
  return [1000, 1002, 1003, 1007, 1008].includes(code) || (code >= 4000 && code < 4100);
}

export class Connection {
  state = 'stopped';
  #url; #options; #socket = null;
  #timer; // each state waits for one thing at most, so one timer is enough
  #failures = 0; #liveSince = null; #pingEvery = 25_000;

  /** `url` is a function, as the next attempt may need another address.
   *  Options: `protocols`, `onState(state, details)`, `onOpen()`, `onEvent(object)`. */
  constructor(url, options) {
    this.#url = url;
    this.#options = { protocols: [], Socket: globalThis.WebSocket, random: Math.random, ...options };
  }

  start() {
    if (this.#socket) return; // never two at once
    try {
      this.#socket = new this.#options.Socket(this.#url(), this.#options.protocols);
    } catch (error) { // an address that is none, or ws: from a page that came by https:
      return this.#enter('stopped', { code: 0, reason: error.message });
    }
    this.#enter('connecting');
    // A network that swallows packets leaves a socket in "connecting" for minutes.
    this.#after(PATIENCE, () => this.#lost(1006, 'no answer'));
    this.#socket.onopen = () => { this.#enter('hello'); this.#options.onOpen?.(); };
    this.#socket.onmessage = ({ data }) => this.#hear(data);
    // `onerror` is not used: it never says why, and `onclose` always follows.
    this.#socket.onclose = ({ code, reason }) => this.#lost(code, reason);
  }

  /** The other side has accepted us. From here on, silence is suspicious. */
  welcomed(pingEvery = 25_000) {
    this.#liveSince = Date.now();
    this.#pingEvery = pingEvery;
    this.#enter('live');
    this.#after(pingEvery, () => this.probe());
  }

  /** Asks for a sign of life. A pulled cable closes nothing: only an answer that
   *  does not come tells us. (The browser's own pongs are invisible to a page.) */
  probe(patience = PATIENCE) {
    if (this.state !== 'live') return;
    const asked = Date.now();
    this.send({ type: 'ping', timestamp: asked });
    this.#after(patience, () => {
      // Much too late? Then we slept (a closed lid), and the answer may be in the queue.
      if (Date.now() - asked > patience + 5_000) this.probe();
      else this.#lost(1006, 'no answer');
    });
  }

  /** Sends one object as JSON; false if there is nobody to send it to. */
  send(object) {
    if (this.#socket?.readyState !== 1) return false;
    this.#socket.send(JSON.stringify(object));
    return true;
  }

  /** The network is back, or someone looks at the page again: no reason to wait on. */
  hurry() {
    if (this.state === 'waiting') this.start();
  }

  /** Leaves for good, with a goodbye: the others see it at once. */
  stop() {
    this.#release(1000);
    this.#enter('stopped', { code: 1000, reason: '' });
  }

  #hear(data) {
    if (this.state === 'live') this.#after(this.#pingEvery, () => this.probe());
    let heard;
    try { heard = JSON.parse(data); } catch { return; } // not JSON, not for us
    // A server may put several objects into one frame, as an array.
    for (const event of [heard].flat()) {
      if (event && typeof event === 'object') this.#options.onEvent?.(event);
    }
  }

  #lost(code, reason) {
    this.#release(3008); // "timeout", for a server that can still hear it
    if (isFinal(code)) return this.#enter('stopped', { code, reason });
    if (this.#liveSince && Date.now() - this.#liveSince >= HEALTHY) this.#failures = 0;
    this.#liveSince = null;
    const wait = backoff(this.#failures++, this.#options.random);
    this.#enter('waiting', { code, reason, until: Date.now() + wait });
    this.#after(wait, () => this.start());
  }

  /** Lets go of the socket: whatever it still says is no longer our business. */
  #release(code) {
    clearTimeout(this.#timer);
    if (!this.#socket) return;
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close(code); // does nothing where it is closed already
    this.#socket = null;
  }

  #after(wait, then) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, wait);
  }

  #enter(state, details = {}) {
    this.state = state;
    this.#options.onState?.(state, details);
  }
}
