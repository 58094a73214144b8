// Whether the teacher slows the timers of this phone's page, and how that looks.

import { native, throttle } from './timers.js';
import { clear, setText } from './i18n.js';

/** Milliseconds between two beats of a heartbeat as many pages have it. */
const BEAT = 5_000;

export class Slowness {
  #place;
  #since = null; // when the timers became slow

  /** Shows in `place` what slow timers do to a heartbeat. */
  constructor(place) {
    this.#place = place;
    // This line must not be slow itself.
    native.setInterval(() => this.#show(), BEAT / 5);
  }

  hear(faults) {
    const isSlow = faults.some(({ fault }) => fault === 'throttle timers');
    if (isSlow === (this.#since !== null)) return;
    this.#since = isSlow ? Date.now() : null;
    throttle(isSlow);
    this.#place.hidden = !isSlow;
    if (isSlow) this.#show(); else clear(this.#place);
  }

  #show() {
    if (this.#since === null) return;
    setText(this.#place, 'phone_throttled', { count: Math.floor((Date.now() - this.#since) / BEAT) });
  }
}
