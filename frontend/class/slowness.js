// Whether the teacher slows the timers of this phone's page, and how that looks.

import { Live } from './live.js';
import { native, throttle } from './timers.js';
import { clear, setText } from './i18n.js';

/** Milliseconds between two beats of a heartbeat as many pages have it. */
const BEAT = 5_000;

/** Listens to the class, and shows in `place` what slow timers do to a heartbeat. */
export function watchTimers(place) {
  let since = null;

  function show() {
    if (since !== null) setText(place, 'phone_throttled', { count: Math.floor((Date.now() - since) / BEAT) });
  }

  // This line must not be slow itself.
  native.setInterval(show, BEAT / 5);
  const live = new Live({
    onBegin() {},
    onClass({ faults }) {
      const isSlow = faults.some(({ fault }) => fault === 'throttle timers');
      if (isSlow === (since !== null)) return;
      since = isSlow ? Date.now() : null;
      throttle(isSlow);
      place.hidden = !isSlow;
      if (isSlow) show(); else clear(place);
    },
    onEvent() {}, onLeftOut() {}, onState() {},
  }, 'only=class');
  live.start();
  const comeBack = () => document.visibilityState === 'visible' && live.start();
  document.addEventListener('visibilitychange', comeBack);
  addEventListener('pagehide', () => live.stop());
  addEventListener('pageshow', comeBack);
}
