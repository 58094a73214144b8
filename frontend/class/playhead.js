// The place in the session that is looked at: its end, as it happens, or any event before.

export class Playhead {
  /** The number of the last event that is shown; Infinity is live. */
  at = Infinity;
  #session; #changed;

  /** `session()` is the one now shown; `changed()` is told when another place is looked at. */
  constructor(session, changed) {
    [this.#session, this.#changed] = [session, changed];
  }

  get live() {
    return this.at === Infinity;
  }

  /** The number of the last event that is shown; an event that was forgotten gives way to the oldest that is kept. */
  get place() {
    const { firstNumber, lastNumber } = this.#session();
    return Math.min(Math.max(this.at, firstNumber), lastNumber);
  }

  seek(n) {
    this.at = Number.isFinite(n) ? n : Infinity;
    this.#changed();
  }

  /** Stands still where it is, or goes to the end. */
  toggle() {
    this.seek(this.live ? this.place : Infinity);
  }

  /** One event back or forth. The last one is not live: a person decides when to go on. */
  step(by) {
    const { lastNumber } = this.#session();
    this.seek(Math.min(this.place + by, lastNumber));
  }
}
