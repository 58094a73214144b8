// One WebSocket that comes back.
//
//               open            welcomed()
//   connecting ──────► hello ─────────────► live
//       ▲                │                   │
//       │                ▼                   ▼
//    waiting ◄───────────┴── lost ───────────┴──► stopped
//
// It knows no page and no chat: it runs in a browser and in Node.

const FIRST_WAIT = 500, LONGEST_WAIT = 20_000;
const HEALTHY = 10_000; // a connection that lived this long was a good one
const PATIENCE = 10_000; // how long an answer may take

/** How long to wait after so many failures, in milliseconds.
 *  All of it is dice: thirty tabs that lose one server must not return in the same instant. */
export function backoff(failures) {
  return Math.random() * Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** failures);
}

/** Whether it is no use to come back after this close code. */
export function isFinal(code) {
  return [1000, 1002, 1003, 1007, 1008].includes(code) || (code >= 4000 && code < 4100);
}

export class Connection {
  state = 'stopped';
  #url; #protocols; #handlers;
  #socket = null;
  #timer; // no state waits for more than one thing, so one timer is enough
  #failures = 0;
  #liveSince = Infinity;
  #why = null;
  #pingEvery;

  /** `url` is a function: the next attempt may need another address.
   *  Handlers: `onState(state, details)`, `onOpen()`, `onEvent(object)`. */
  constructor(url, protocols, handlers) {
    this.#url = url;
    this.#protocols = protocols;
    this.#handlers = handlers;
  }

  start() {
    if (this.#socket) return; // never two at once
    try {
      this.#socket = new WebSocket(this.#url(), this.#protocols);
    } catch (error) { // not an address, or ws: from a page that came by https:
      return this.#enter('stopped', { code: 0, reason: error.message });
    }
    this.#enter('connecting');
    // A network that swallows packets would leave us here for minutes.
    this.#after(PATIENCE, () => this.#lost(3008));
    this.#socket.onopen = () => { this.#enter('hello'); this.#handlers.onOpen(); };
    this.#socket.onmessage = ({ data }) => this.#hear(data);
    // No `onerror`: it never says why, and `onclose` always follows.
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
   *  does not come tells us. (The pings of the protocol itself never reach a page.) */
  probe(patience = PATIENCE) {
    if (this.state !== 'live') return;
    const asked = Date.now();
    this.send({ type: 'ping', timestamp: asked });
    this.#after(patience, () => {
      // Much too late? Then we slept (a closed lid), and the answer may lie in the queue.
      if (Date.now() - asked > patience + 5_000) this.probe();
      else this.#lost(3008);
    });
  }

  /** Sends one object as JSON; false if there is nobody to send it to. */
  send(object) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
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
    for (const event of [heard].flat()) { // one object, or an array of them
      if (event && typeof event === 'object') this.#handlers.onEvent(event);
    }
  }

  #lost(code, reason = '') {
    this.#release(3008); // "timeout", should the server still hear it
    if (Date.now() - this.#liveSince >= HEALTHY) this.#failures = 0;
    this.#liveSince = Infinity;
    if (isFinal(code)) return this.#enter('stopped', { code, reason });
    // An attempt that fails only ever says 1006. Why we are away is what the last connection said.
    if (this.state !== 'connecting' || !this.#why) this.#why = { code, reason };
    const wait = backoff(this.#failures++);
    this.#enter('waiting', { ...this.#why, until: Date.now() + wait });
    this.#after(wait, () => this.start());
  }

  /** Lets go of the socket: what it still says is no longer our business. */
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
    this.#handlers.onState(state, details);
  }
}
