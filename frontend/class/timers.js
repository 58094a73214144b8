// The timers of this page, which the teacher may slow as a browser slows those of a hidden tab.
//
// Chromium lets a tab that was hidden for five minutes fire its timers once a minute, all at the same time.
// This module takes the place of `setTimeout` and `setInterval`, so it must be imported before all others.

/** Milliseconds between two moments at which slow timers fire. */
const MINUTE = 60_000;

/** The timers of the browser, for what must not be slow. */
export const native = { setInterval: setInterval.bind(globalThis), setTimeout: setTimeout.bind(globalThis), clearTimeout: clearTimeout.bind(globalThis) };

/** number -> what is to be called, when, again after how long, and the browser's timer for it. Those that are
 *  over are taken out, so there are as many as the page waits for. */
const timers = new Map();
let last = 0;
let slowSince = null; // or the moment at which the timers became slow

/** Makes all timers slow, also those that run, or as fast as they were. */
export function throttle(isSlow) {
  if (isSlow === (slowSince !== null)) return;
  slowSince = isSlow ? performance.now() : null;
  for (const [number, timer] of timers) arm(number, timer);
}

function arm(number, timer) {
  native.clearTimeout(timer.native);
  const now = performance.now();
  let wait = Math.max(0, timer.at - now);
  if (slowSince !== null) {
    // The next full minute at which it is due.
    const minutes = Math.floor((now + wait - slowSince) / MINUTE) + 1;
    wait = slowSince + minutes * MINUTE - now;
  }
  timer.native = native.setTimeout(() => fire(number, timer), wait);
}

function fire(number, timer) {
  if (timer.every === null) timers.delete(number);
  else {
    timer.at = performance.now() + timer.every;
    arm(number, timer);
  }
  timer.call();
}

function add(call, wait, every) {
  last += 1;
  const timer = { call, at: performance.now() + (Number(wait) || 0), every, native: undefined };
  timers.set(last, timer);
  arm(last, timer);
  return last;
}

function clear(number) {
  native.clearTimeout(timers.get(number)?.native);
  timers.delete(number);
}

globalThis.setTimeout = (call, wait, ...given) => add(() => call(...given), wait, null);
globalThis.setInterval = (call, wait, ...given) => add(() => call(...given), wait, Math.max(1, Number(wait) || 0));
globalThis.clearTimeout = clear;
globalThis.clearInterval = clear;
