// A WebSocket that reconnects.
//
//               open            welcomed()
//   connecting ──────► hello ─────────────► live
//       ▲                │                   │
//       │                ▼                   ▼
//    waiting ◄───────────┴── lost ───────────┴──► stopped
//
// It knows no page and no chat: it runs in a browser and in Node.

// A connection that lived for HEALTHY was a good one; PATIENCE is how long we wait to be let in.
const FIRST_WAIT = 500, LONGEST_WAIT = 20_000, HEALTHY = 10_000, PATIENCE = 10_000;

/** How long to wait after so many failures, in milliseconds.
 *  It is random, so that thirty tabs that lose one server do not reconnect in the same instant. */
export const backoff = (failures) => Math.random() * Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** failures);

/** Whether the page must not reconnect after this close code. */
export const isFinal = (code) => [1000, 1002, 1003, 1007, 1008, 1010, 3000, 3003].includes(code) || (code >= 4000 && code < 4100);

export class Connection {
  state = 'stopped';
  #address; #protocols; #handlers;
  // no state waits for more than one thing, so one timer is enough
  #socket = null; #timer; #failures = 0; #liveSince = Infinity; #why = null;

  /** `address` is a function: the next attempt may say how far the last one came.
   *  Handlers: `onState(state, details)`, `onOpen()`, `onMessage(data)`. */
  constructor(address, protocols, handlers) {
    [this.#address, this.#protocols, this.#handlers] = [address, protocols, handlers];
  }

  start() {
    if (this.#socket) return; // never two at once
    try { this.#socket = new WebSocket(this.#address(), this.#protocols); }
    // not an address, or ws: from a page that came by https:
    catch (error) { return this.#enter('stopped', { code: 0, reason: error.message }); }
    this.#enter('connecting');
    // Without a limit, a network that drops packets would keep this waiting for minutes.
    this.#after(PATIENCE, () => this.lost(3008));
    this.#socket.onopen = () => { this.#enter('hello'); this.#handlers.onOpen(); };
    this.#socket.onmessage = ({ data }) => this.#handlers.onMessage(data);
    // No `onerror`: it never says why, and `onclose` always follows.
    this.#socket.onclose = ({ code, reason }) => this.lost(code, reason);
  }

  /** The other side has accepted us. */
  welcomed() {
    clearTimeout(this.#timer);
    this.#liveSince = Date.now();
    this.#enter('live');
  }

  /** Sends a text. False if there is no open connection. */
  send(text) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(text);
    return true;
  }

  /** Closes the connection and does not reconnect. The others see it at once. */
  stop() {
    this.#release(1000);
    this.#enter('stopped', { code: 1000, reason: '' });
  }

  /** The connection is over: closed, or silent for too long (3008). */
  lost(code, reason = '') {
    this.#release(3008); // "timeout", should the server still hear it
    if (Date.now() - this.#liveSince >= HEALTHY) this.#failures = 0;
    this.#liveSince = Infinity;
    if (isFinal(code)) return this.#enter('stopped', { code, reason });
    // A failed attempt always reports 1006. The reason to show is that of the last open connection.
    if (this.state !== 'connecting' || !this.#why) this.#why = { code, reason };
    const wait = backoff(this.#failures++);
    this.#enter('waiting', { ...this.#why, until: Date.now() + wait });
    this.#after(wait, () => this.start());
  }

  /** Drops the socket and its handlers. Later events of it are ignored. */
  #release(code) {
    clearTimeout(this.#timer);
    Object.assign(this.#socket ?? {}, { onopen: null, onmessage: null, onclose: null });
    this.#socket?.close(code); // does nothing where it is closed already
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
