// The dividers between the lines of the log: the days, and the place where the reader stopped. Lines that go
// on from the line above them are drawn closer to it.

import { showDay, words } from './i18n.js';

const GOES_ON = 2 * 60_000; // milliseconds: a person that says more within them goes on

/** Puts a divider before this line if it is of another day than the line above it. */
export function divide(line) {
  const date = dateOf(line);
  if (!date) return;
  const above = line.previousElementSibling;
  if (above?.dataset.divider === 'day' && sameDay(dateOf(above), date)) return;
  const before = lineAbove(line);
  // Of today, the first day needs no word.
  if (sameDay(before ? dateOf(before) : new Date(), date)) return;
  line.before(divider('day', dayOf(date)));
}

/** After older lines were put above this one: whether a day still begins here. */
export function join(line) {
  if (!line) return;
  if (line.dataset.divider === 'day') {
    const before = lineAbove(line);
    const next = line.nextElementSibling;
    if (before && sameDay(dateOf(before), dateOf(line))) line.remove();
    return group(next);
  }
  divide(line);
  group(line);
}

let seen = true; // nothing came since the reader looked away

/** A line came while nobody looked: the first of them gets a divider. */
export function markNew(line) {
  if (document.visibilityState === 'visible') return;
  if (!seen) return;
  seen = false;
  forgetNew();
  line.before(divider('new', words('new_since')));
}

export function forgetNew() {
  const old = document.querySelector('#chat [data-divider="new"]');
  const next = old?.nextElementSibling;
  old?.remove();
  group(next);
}

document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'hidden') seen = true;
});

/** Says whether this line goes on from the one above it, and the next one from this. */
export function group(line) {
  for (const one of [line, line?.nextElementSibling]) {
    if (one?.classList.contains('message')) one.toggleAttribute('data-goes-on', goesOn(one));
  }
}

function goesOn(line) {
  const above = line.previousElementSibling;
  if (!above?.classList.contains('message') || above.className !== line.className) return false;
  if (line.classList.contains('private') || above.dataset.author !== line.dataset.author) return false;
  return dateOf(line) - dateOf(above) < GOES_ON;
}

function lineAbove(line) {
  let above = line.previousElementSibling;
  while (above && !dateOf(above)) above = above.previousElementSibling;
  return above;
}

function dateOf(line) {
  const said = line.querySelector('time')?.dateTime;
  return said && new Date(said);
}

function sameDay(a, b) {
  return a.toDateString() === b.toDateString();
}

function dayOf(date) {
  const time = document.createElement('time');
  time.dataset.day = '';
  showDay(time, date);
  return time;
}

function divider(kind, text) {
  const line = document.createElement('div');
  line.className = 'system-message divider';
  line.dataset.divider = kind;
  line.append(text);
  return line;
}
