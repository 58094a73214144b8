// The teacher's tools. The server gives them for a key, which the page keeps for this load only.

import { twice } from './changes.js';
import { clear, duration, setText, t } from './i18n.js';
import * as log from './log.js';
import { makeId } from './outbox.js';

const SLOW = [0, 10, 30, 60]; // seconds

const section = document.querySelector('#teacher');
const keyForm = section.querySelector('form');
const keyInput = section.querySelector('input');
const told = section.querySelector('[role="status"]');
const tools = section.querySelector('.actions');
const join = document.querySelector('#join');

let send = () => false;
let changed = () => {};
let person; // has my `id`
let key = ''; // the one that was accepted, or is on its way
let asked = null; // the request that has no answer yet
const muted = new Set(); // the ids of those that this page has muted
let locked = false;
export let teaches = false;

/** `say(request)` sends a request, and is false if there is no connection. `switched()` is told that this page
 *  has the tools now, or no longer. `announcement()` gives the text in the composer, and empties it. */
export function begin({ me, say, switched, announcement }) {
  [person, send, changed] = [me, say, switched];
  const lock = button('lock', () => moderate({ action: locked ? 'unlock' : 'lock' }));
  lock.id = 'lockButton';
  const slow = document.createElement('select');
  slow.setAttribute('aria-labelledby', 'slowLabel');
  slow.append(...SLOW.map((seconds) => new Option(String(seconds), String(seconds))));
  slow.addEventListener('change', () => moderate({ action: 'slow', seconds: Number(slow.value) }));
  const label = setText(document.createElement('label'), 'slow');
  label.id = 'slowLabel';
  label.append(' ');
  const row = document.createElement('p');
  row.append(label, ' ', slow);
  tools.append(
    lock,
    button('announce', () => {
      const content = announcement();
      if (content) moderate({ action: 'announce', content });
    }),
    twice('clear_room', () => moderate({ action: 'clear' })),
    button('export', save),
    button('projector', () => project(true)),
    row,
  );
}

function button(key, pressed) {
  const made = setText(document.createElement('button'), key);
  made.type = 'button';
  made.addEventListener('click', pressed);
  return made;
}

function moderate(action) {
  ask({ type: 'moderate', ...action });
}

function ask(request) {
  asked = { ...request, id: makeId() };
  clear(told);
  if (!send(asked)) setText(told, 'unsent');
}

/** A new connection: the server has forgotten who teaches. `offered` if it has such tools at all. */
export function welcomed(offered, room) {
  section.hidden = !offered;
  show(false);
  showLock(Boolean(room.locked));
  showSlow((room.slow_ms ?? 0) / 1000);
  if (offered && key) ask({ type: 'teach', key });
}

function showLock(now) {
  locked = now;
  const lock = document.querySelector('#lockButton');
  if (lock) setText(lock, now ? 'unlock' : 'lock');
  document.body.classList.toggle('locked', now);
}

function showSlow(seconds) {
  const slow = tools.querySelector('select');
  if (!slow) return;
  if (![...slow.options].some(({ value }) => value === String(seconds))) slow.append(new Option(String(seconds), String(seconds)));
  slow.value = String(seconds);
}

/** What the page does when the teacher has decided something. */
const RULINGS = {
  locked: () => showLock(true),
  unlocked: () => showLock(false),
  slow_mode: ({ seconds }) => showSlow(seconds),
  cleared: () => log.empty(),
  muted() {},
  unmuted() {},
};

/** The teacher has decided something. False if this event is another one; `isNew` if it is not from the history. */
export function ruled(event, isNew) {
  if (!Object.hasOwn(RULINGS, event.event)) return false;
  const { seconds } = event.params ?? {};
  if (isNew) RULINGS[event.event]({ seconds });
  const key = event.event === 'slow_mode' && !seconds ? 'slow_off' : `ruled_${event.event}`;
  log.addSystem(key, { count: seconds, time: () => duration(seconds * 1000) }, event);
  return true;
}

/** The buttons for a person in the list. */
export function orders({ id, username }) {
  if (!teaches || id === person.id) return [];
  return [muted.has(id) ? 'unmute' : 'mute', 'kick'].map((action) => {
    const made = button(action, () => moderate({ action, user: id }));
    made.className = 'order';
    made.setAttribute('aria-label', `${t(action)}: ${username}`);
    return made;
  });
}

/** The log as a file. */
function save() {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([log.transcript()], { type: 'text/plain' }));
  link.download = `chat-${new Date().toISOString().slice(0, 16).replace(':', '-')}.txt`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** An answer of the server. False if it is not about a request of this module. */
export function answered({ id }) {
  if (!id || id !== asked?.id) return false;
  const { action, user } = asked;
  asked = null;
  if (action === 'mute') muted.add(user);
  if (action === 'unmute') muted.delete(user);
  if (action && user) changed();
  if (!teaches && key) show(true);
  return true;
}

export function refused(error) {
  if (!error.ref || error.ref !== asked?.id) return false;
  asked = null;
  if (!teaches) key = '';
  told.replaceChildren(log.complaint(error));
  return true;
}

function show(now) {
  if (teaches === now) return;
  teaches = now;
  keyForm.hidden = now;
  tools.hidden = !now;
  if (!now) project(false);
  changed();
}

keyForm.addEventListener('submit', (event) => {
  event.preventDefault();
  key = keyInput.value;
  keyInput.value = '';
  if (key) ask({ type: 'teach', key });
});
document.addEventListener('keydown', ({ key: pressed }) => { if (pressed === 'Escape') project(false); });
join.querySelector('button').addEventListener('click', () => project(false));

// ---- the view for a projector

/** Large lines, no composer, and the address of this room as a code that phones scan. */
async function project(on) {
  if (join.hidden === !on) return;
  document.body.classList.toggle('projector', on);
  join.hidden = !on;
  if (!on) return;
  const address = `${location.origin}${location.pathname}`;
  const { picture } = await import('./code.js'); // most pages never need it
  join.querySelector('div').replaceChildren(picture(address) ?? '');
  join.querySelector('p').textContent = address;
  join.querySelector('button').focus();
}
