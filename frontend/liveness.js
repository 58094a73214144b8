// Whether the other side still answers. A pulled cable closes nothing: only an answer that
// does not come tells us. (The pings of the protocol itself never reach a page.)
//
// A hidden tab may run its timers once a minute. So we may ask late, and the server must not mind.

const PATIENCE = 10_000; // how long an answer may take

export class Liveness {
  #ask; #lost;
  #every = 0; // 0 is not at all
  #timer;

  /** `ask()` sends a question; `lost()` is told when no answer came. */
  constructor(ask, lost) {
    [this.#ask, this.#lost] = [ask, lost];
  }

  /** From here on, silence for `every` milliseconds is a reason to ask. */
  begin(every) {
    this.#every = every;
    this.heard();
  }

  end() {
    this.#every = 0;
    clearTimeout(this.#timer);
  }

  /** Whatever is heard is an answer. */
  heard() {
    if (this.#every) this.#after(this.#every, () => this.probe());
  }

  /** Asks at once. */
  probe(patience = PATIENCE) {
    if (!this.#every) return;
    const asked = Date.now();
    this.#ask(asked);
    this.#after(patience, () => {
      // Much too late? Then we slept (a closed lid), and the answer may lie in the queue.
      if (Date.now() - asked > patience + 5_000) this.probe();
      else this.#lost();
    });
  }

  #after(wait, then) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, wait);
  }
}
