// Checks that the server still answers. A pulled cable closes no connection; only a missing answer
// shows it. (Pings of the protocol itself are not visible to a page.)
//
// A hidden tab may run its timers once a minute. So the page may ask late, and the server must allow that.

const PATIENCE = 10_000; // how long an answer may take

export class Liveness {
  #ask; #lost;
  #every = 0; // 0 is not at all
  #timer;

  /** `ask()` sends a question; `lost()` is told when no answer came. */
  constructor(ask, lost) {
    [this.#ask, this.#lost] = [ask, lost];
  }

  /** From now on, `ask` is called after `every` milliseconds of silence. */
  begin(every) {
    this.#every = every;
    this.heard();
  }

  end() {
    this.#every = 0;
    clearTimeout(this.#timer);
  }

  /** Something came from the server. Everything counts as an answer. */
  heard() {
    if (this.#every) this.#after(this.#every, () => this.probe());
  }

  /** Asks at once. */
  probe(patience = PATIENCE) {
    if (!this.#every) return;
    const asked = Date.now();
    this.#ask(asked);
    this.#after(patience, () => {
      // Much too late: the computer slept, and the answer may still be in the queue.
      if (Date.now() - asked > patience + 5_000) this.probe();
      else this.#lost();
    });
  }

  #after(wait, then) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, wait);
  }
}
