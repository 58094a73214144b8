// What I said and nobody has confirmed yet.
//
//   unsent ──► sent ──► (confirmed: forgotten here)
//     ▲         ├─────► refused   the server said no
//     │         └─────► unsure    the connection broke before an answer came
//     └── again() ──────────┘     a person decides: sending twice is worse than asking
//
// Nothing is lost when the connection is: what is `unsent` goes out after the next welcome.

const CAPACITY = 50; // lines that may wait; the next one is not taken
const BURST = 16; // the server lets 20 pass at once and then 5 a second: stay below
const REFILL = 250; // milliseconds for one more

export class Outbox {
  #lines = new Map(); // by id, oldest first
  #deliver; #changed;
  #tokens = BURST; #timer = null;

  /** `deliver(line)` says whether it went out; `changed(line)` is told of every new state. */
  constructor({ deliver, changed }) {
    this.#deliver = deliver;
    this.#changed = changed;
  }

  /** Takes a text, or refuses (false) when too many wait already. */
  add(content) {
    const waiting = [...this.#lines.values()].filter((line) => isWaiting(line.state));
    if (waiting.length >= CAPACITY) return false;
    this.#queue({ id: makeId(), content, at: new Date() });
    return true;
  }

  /** Sends what waits, in order, as fast as the server likes it. */
  flush() {
    for (const line of this.#lines.values()) {
      if (line.state !== 'unsent') continue;
      if (this.#tokens < 1 || !this.#deliver(line)) break;
      this.#tokens--;
      this.#become(line, 'sent');
    }
    if (this.#tokens < BURST) this.#refillLater();
  }

  /** The server's answer: heard, by everyone. */
  confirmed(id) {
    this.#lines.delete(id);
  }

  /** The server's answer: no. False if this is not about a line of ours. */
  refused(id, reason) {
    const line = this.#lines.get(id);
    if (!line) return false;
    this.#become(line, 'refused', reason);
    if (!reason.retryable) this.#lines.delete(id);
    return true;
  }

  /** The server's answer: not so fast. */
  tooFast(id) {
    const line = this.#lines.get(id);
    if (!line) return false;
    this.#tokens = 0;
    this.#become(line, 'unsent');
    this.#refillLater();
    return true;
  }

  /** The connection broke. What was on its way may or may not have arrived. */
  broke() {
    for (const line of this.#lines.values()) {
      if (line.state === 'sent') this.#become(line, 'unsure');
    }
  }

  /** The server tells what was missed, and knows a line that comes twice: then nobody need ask. */
  resume() {
    for (const line of this.#lines.values()) {
      if (line.state === 'unsure') this.#become(line, 'unsent');
    }
  }

  /** The server broke off because a line was too big: it can only have been the biggest. */
  refuseBiggest(reason) {
    const sent = [...this.#lines.values()].filter((line) => line.state === 'sent');
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

  #become(line, state, reason = '') {
    Object.assign(line, { state, reason });
    this.#changed(line);
  }

  #refillLater() {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#tokens++;
      this.flush();
    }, REFILL);
  }
}

/** Whether a line in this state still is on its way. */
export function isWaiting(state) {
  return state === 'unsent' || state === 'sent';
}

/** Not `crypto.randomUUID`: on http://192.168.… a browser does not offer it. */
export function makeId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
