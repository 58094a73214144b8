// The order of the room: shows each lasting event once, by its `seq`, and asks for those that are missing.
//
// A connection loses nothing and changes no order. A server with a fault may: then a number is skipped,
// and what came after it is held until the server has sent the missing events again.

const PATIENCE = 5_000; // how long the missing events may take
const HELD = 1_000; // the most events that are held

export class Order {
  /** The number of the last event that was shown. `null` is before the first, whatever its number. */
  seq = null;
  #held = new Map(); // events that came too early, by number
  #show; #ask; #lost;
  #asked = false;
  #timer = null;

  /** `show(event)` shows an event. `ask(seq)` asks the server for the events after a number, and is false if
   *  there is no connection; a server that does not number all its events has no `ask`. `lost()` is told
   *  that events are missing and will not come. */
  constructor({ show, ask, lost }) {
    [this.#show, this.#ask, this.#lost] = [show, ask, lost];
  }

  /** From now on, the event after `seq` is the next one. */
  begin(seq) {
    this.seq = seq;
    this.#held.clear();
    this.#settle();
  }

  /** Shows an event in its turn. False if it was shown before. */
  take(event) {
    if (this.seq !== null && event.seq <= this.seq) return false;
    if (!this.#ask || this.seq === null || event.seq === this.seq + 1) {
      this.#next(event);
      this.#showHeld();
    } else {
      this.#held.set(event.seq, event);
      if (this.#held.size > HELD) this.#giveUp();
      else this.#askForMissing();
    }
    return true;
  }

  /** The answer to `ask`. There may be `more` than one answer holds. */
  answered(events, more) {
    if (!this.#asked) return; // too late
    this.#asked = false;
    const before = this.seq;
    for (const event of events) this.take(event);
    if (this.#held.size === 0) this.#settle();
    else if (more && this.seq > before) this.#askForMissing();
    else this.#giveUp();
  }

  /** The server refused to answer; it may answer after `wait` milliseconds. */
  refused(wait) {
    this.#asked = false;
    if (wait > 0) setTimeout(() => this.#askForMissing(), wait);
    else this.#giveUp();
  }

  #next(event) {
    this.seq = event.seq;
    this.#held.delete(event.seq);
    this.#show(event);
  }

  #showHeld() {
    for (let event; (event = this.#held.get(this.seq + 1)); ) {
      this.#next(event);
    }
  }

  #askForMissing() {
    if (this.#held.size === 0 || this.#asked) return;
    this.#asked = true;
    if (!this.#ask(this.seq)) return; // the next connection begins anew
    this.#timer ??= setTimeout(() => this.#giveUp(), PATIENCE);
  }

  #giveUp() {
    if (this.#held.size > 0) {
      this.#lost();
      this.seq = Math.min(...this.#held.keys()) - 1;
      this.#showHeld();
    }
    this.#settle();
    this.#askForMissing();
  }

  #settle() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#asked = false;
  }
}
