// My lines that the server has not confirmed yet.
//
//   unsent ──► sent ──► (confirmed: forgotten here)
//     ▲ ▲       ├─────► held      the server asked to wait; sent again by itself
//     │ └───────│───────┘
//     │         ├─────► refused   the server said no
//     │         └─────► unsure    the connection broke, or no answer came
//     └── again() ──────────┘     a person decides: sending twice is worse than asking
//
// Lines outlive the connection: what is `unsent` is sent after the next welcome.

const CAPACITY = 50; // lines that may wait; the next one is not taken
const BURST = 16; // the server lets 20 pass at once and then 5 a second: stay below
const REFILL = 250; // milliseconds for one more
const WAIT = 1000; // where the server does not say how long
const LONGEST_WAIT = 60_000; // whatever a server says
const SLOWEST = 5_000; // between two lines, after a server asked to wait
const ANSWER = 10_000; // how long an answer may take where only one line is on its way

export class Outbox {
  #lines = new Map(); // by id, oldest first
  #deliver; #changed; #keep; #window;
  #tokens = BURST; #timer = null;
  #pace = REFILL; // milliseconds for one more, as this server likes it
  #next = 0; // when the next one may go
  #answer; // the timer of the line that is on its way

  /** `deliver(line)` says whether it went out; `changed(line)` is told of every new state, and
   *  `keep(lines)` of the lines that are left then.
   *  `window` is how many may be on their way: one, where a refusal does not say what it is about. */
  constructor({ deliver, changed, keep = () => {}, window = Infinity }) {
    this.#deliver = deliver;
    this.#changed = changed;
    this.#keep = keep;
    this.#window = window;
  }

  /** Takes a text for everybody, or `to` one person, or as a `reply` to a message, or refuses (false) when too many wait already. */
  add(content, { to, reply } = {}) {
    const waiting = [...this.#lines.values()].filter((line) => isWaiting(line.state));
    if (waiting.length >= CAPACITY) return false;
    this.#queue({ id: makeId(), content, to, reply, at: new Date() });
    return true;
  }

  /** Takes the lines that the page had before it was reloaded. */
  restore(lines) {
    for (const { id, content, to, reply, at, state } of Array.isArray(lines) ? lines.slice(0, CAPACITY) : []) {
      if (typeof id !== 'string' || typeof content !== 'string' || state === 'refused') continue;
      const line = { id, content, to, reply, at: new Date(at) };
      this.#lines.set(id, line);
      this.#become(line, state === 'sent' || state === 'unsure' ? 'unsure' : 'unsent');
    }
  }

  /** Sends the waiting lines in order, no faster than the server allows. */
  flush() {
    let wait = 0;
    for (const line of this.#lines.values()) {
      if (line.state !== 'unsent' && line.state !== 'held') continue;
      if (this.#tokens < 1 || this.sent.length >= this.#window) {
        if (this.#pace === REFILL) break; // a moment, not worth a word
        this.#become(line, 'held', '', this.#next + wait);
        wait += this.#pace;
      } else {
        if (!this.#deliver(line)) break;
        this.#tokens--;
        this.#become(line, 'sent');
        if (this.#window === 1) this.#awaitAnswer(line);
        this.#refillLater(); // from now on, for those behind it
      }
    }
    if (this.#tokens < BURST) this.#refillLater();
  }

  /** The server has sent this line to everyone. */
  confirmed(id) {
    if (!this.#lines.delete(id)) return;
    this.#keep([...this.#lines.values()]);
    if (this.#window === 1) this.flush();
  }

  /** The server has refused a line. False if it is not one of ours. */
  refused(id, reason) {
    const line = this.#lines.get(id);
    if (!line) return false;
    this.#become(line, 'refused', reason);
    if (!reason.retryable) this.#lines.delete(id);
    if (this.#window === 1) this.flush();
    return true;
  }

  /** The server says that these lines came too fast. They are sent again after so many milliseconds. */
  tooFast(ids, wait) {
    for (const id of ids) {
      const line = this.#lines.get(id);
      if (line?.state === 'sent') this.#become(line, 'unsent');
    }
    this.pause(wait);
  }

  /** Nothing goes out for so many milliseconds, and then no more than one in that time. */
  pause(wait) {
    const pause = Math.min(Math.max(wait >= 0 ? wait : WAIT, REFILL), LONGEST_WAIT);
    this.#tokens = 0;
    this.#pace = Math.min(pause, SLOWEST);
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#refillLater(pause);
    this.flush();
  }

  /** Whether this is a line of ours that has no answer yet. */
  has(id) {
    return this.#lines.has(id);
  }

  /** Whether a server asked to wait. */
  get slowed() {
    return this.#pace > REFILL;
  }

  /** The lines that are on their way. */
  get sent() {
    return [...this.#lines.values()].filter((line) => line.state === 'sent');
  }

  /** The connection was lost. Lines on their way may or may not have arrived. */
  broke() {
    this.#pace = REFILL;
    for (const line of this.#lines.values()) {
      if (line.state === 'sent') this.#become(line, 'unsure');
      if (line.state === 'held') this.#become(line, 'unsent');
    }
  }

  /** After a reconnect to a server that recognises a line that comes twice: sends lines again without asking. */
  resume() {
    for (const line of this.#lines.values()) {
      if (line.state === 'unsure') this.#become(line, 'unsent');
    }
  }

  /** The server closed because a line was too long. Refuses the longest. */
  refuseBiggest(reason) {
    const { sent } = this;
    sent.sort((a, b) => b.content.length - a.content.length);
    if (sent.length) this.#become(sent[0], 'refused', reason);
  }

  /** Someone chose to send this line once more. */
  again(id) {
    const line = this.#lines.get(id);
    if (!line || isWaiting(line.state)) return;
    this.#lines.delete(id); // to the end of the queue
    this.#queue(line);
  }

  #queue(line) {
    this.#lines.set(line.id, line);
    this.#become(line, 'unsent');
    this.flush();
  }

  #become(line, state, reason = '', until = 0) {
    if (line.state === state && line.until === until) return;
    Object.assign(line, { state, reason, until });
    this.#changed(line);
    this.#keep([...this.#lines.values()]);
  }

  #refillLater(wait = this.#pace) {
    if (this.#timer !== null) return;
    this.#next = Date.now() + wait;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#tokens = Math.min(this.#tokens + 1, BURST);
      this.flush();
    }, wait);
  }

  /** A server that never answers must not stop the lines behind this one. */
  #awaitAnswer(line) {
    clearTimeout(this.#answer);
    this.#answer = setTimeout(() => {
      if (line.state === 'sent') this.#become(line, 'unsure');
      this.flush();
    }, ANSWER);
  }
}

/** Whether a line in this state still is on its way. */
export function isWaiting(state) {
  return state === 'unsent' || state === 'held' || state === 'sent';
}

/** Not `crypto.randomUUID`: on http://192.168.… a browser does not offer it. */
export function makeId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
