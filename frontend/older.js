// Older messages: loaded when the reader comes to the top of the log, or presses the button there.

import * as log from './log.js';

const PAGE = 50; // events that are asked for at once
const NEAR = 48; // pixels from the top

const button = document.querySelector('#olderButton');

export class Older {
  #ask; #next;
  #asked = false;
  #oldest = 1; // the server keeps nothing before this number
  #reached = Infinity; // an answer reached down to this number, and had no line to show

  /** `ask(before, limit)` asks for the last events before a number, and is false if it cannot. `next()` is
   *  the number of the next event, where the log shows none. */
  constructor(ask, next) {
    [this.#ask, this.#next] = [ask, next];
    button.addEventListener('click', () => { this.#load(); log.focus(); });
    log.onScroll(() => { if (log.top() < NEAR) this.#load(); else this.offer(); });
  }

  /** A new connection: what was asked has no answer. `same` if the server still counts in the same life. */
  begin(same) {
    this.#asked = false;
    this.#reached = Infinity;
    this.#oldest = same || log.firstSeq() === undefined ? 1 : Infinity;
    this.offer();
  }

  /** The answer to `ask`: `draw()` puts the events into the log. */
  answered(events, more, draw) {
    if (!this.#asked) return;
    this.#asked = false;
    if (!more) this.#oldest = events[0]?.seq ?? Infinity;
    const first = log.firstSeq();
    log.addOlder(draw);
    this.#reached = log.firstSeq() === first ? events[0]?.seq ?? Infinity : Infinity;
    this.offer();
  }

  /** The server refused; it may answer after `wait` milliseconds. */
  refused(wait) {
    setTimeout(() => { this.#asked = false; }, wait || 0);
  }

  /** Shows the button where there is something to load. */
  offer() {
    log.leaveRoomAbove(this.#there());
    button.hidden = !this.#there() || log.top() >= NEAR;
  }

  #before() {
    return Math.min(log.firstSeq() ?? this.#next(), this.#reached);
  }

  #there() {
    return this.#before() > this.#oldest && log.hasRoom(PAGE);
  }

  #load() {
    if (this.#asked || !this.#there()) return this.offer();
    this.#asked = true;
    if (!this.#ask(this.#before(), PAGE)) this.#asked = false;
  }
}
