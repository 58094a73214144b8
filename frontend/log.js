// The lines of the chat, in the order of the server. Lines of mine that the server has not
// confirmed stand below all others.

import { countdown, has, clear, label, name, setText, showTime, words } from './i18n.js';
import { dress } from './changes.js';
import { divide, forgetNew, group, join, markNew } from './dividers.js';
import { linked } from './links.js';
import { isWaiting } from './outbox.js';

const KEEP = 1000; // older lines go: a page left open for a week must stay quick

const chat = document.querySelector('#chat');
const newButton = document.querySelector('#newButton');
const template = document.querySelector('#line');
const own = new Map(); // my lines by id, to find them when the server confirms

/** A message of somebody else, or one of mine that is no longer on the page. */
export function addMessage(message) {
  const { id, seq, user, mine, author, content, to, timestamp } = message;
  const line = makeLine(mine ? 'own' : 'other', mine ? words('you') : author, content, timestamp);
  if (to) showPrivate(line, mine && to);
  Object.assign(line.dataset, { id, ...(seq && { seq }), author: user?.id ?? '' });
  dress(line, message);
  add(line);
}

/** A line of mine, new or in a new state. */
export function drawOwn({ id, content, to, reply, at, state, reason, until }, again) {
  let line = own.get(id);
  if (!line) {
    line = makeLine('own', words('you'), content, at);
    line.dataset.id = id;
    if (to) showPrivate(line, [to]);
    dress(line, { reply_to: reply });
    line.querySelector('.again').addEventListener('click', () => again(id));
    own.set(id, line);
  }
  if (isWaiting(state) && !isWaiting(line.dataset.state)) toEnd(line);
  beforeGrowing();
  line.dataset.state = state;
  const values = { reason: state === 'refused' && complaint(reason), seconds: state === 'held' && countdown(until) };
  setText(line.querySelector('.mark'), state, values);
  offerAgain(line, state === 'unsure' || reason?.retryable);
}

/** The server has taken this line of mine. False if it is not on the page. */
export function settleOwn(id, { seq, timestamp, content, edited }) {
  const line = own.get(id);
  if (!line) return false;
  if (line.dataset.state !== 'confirmed') {
    line.dataset.state = 'confirmed';
    if (seq) line.dataset.seq = seq;
    setText(line.querySelector('.mark'), 'confirmed');
    offerAgain(line, false);
    showTime(line.querySelector('time'), dateOf(timestamp));
    // Lines of others may have reached the server first. Then they stand first, as on every page.
    const next = firstWaiting();
    if (line.nextElementSibling !== next) chat.insertBefore(line, next);
    group(line);
  }
  // Shows the text as the server sent it to everyone.
  const text = line.querySelector('.text');
  if (content !== undefined && content !== text.textContent && !('deleted' in line.dataset)) text.replaceChildren(...linked(content));
  if (edited) dress(line, { edited });
  return true;
}

/** An event, in the page's words. */
export function addSystem(key, values, event) {
  addSystemLine(words(key, values), event);
}

const SOON = 2_000; // arrivals this close to each other are one line
let arrivals = null;

/** An arrival. Many at once become one line with a count. */
export function addArrival(username, event) {
  const goesOn = !above && arrivals && arrivals.line === newest() && Date.now() - arrivals.at < SOON;
  if (goesOn) {
    Object.assign(arrivals, { count: arrivals.count + 1, at: Date.now() });
    setText(arrivals.text, 'joined_many', { count: arrivals.count });
    return;
  }
  const text = words('joined', { name: name(username) });
  const line = addSystemLine(text, event);
  if (!above) arrivals = { text, line, count: 1, at: Date.now() };
}

/** The last line that is not waiting for the server. */
function newest() {
  const waiting = firstWaiting();
  return waiting ? waiting.previousElementSibling : chat.lastElementChild;
}

/** An event, in the server's words; the teacher's, if it is an announcement. */
export function addNotice(text, event) {
  const line = document.createElement('span');
  line.dir = 'auto';
  line.textContent = text;
  const isTeachers = event.event === 'notice';
  const added = addSystemLine(isTeachers ? words('announced', { text: line }) : line, event);
  added.classList.toggle('announced', isTeachers);
}

/** An error from the server. */
export function complaint({ code, message }) {
  const key = `error_${code}`;
  return has(key) ? words(key) : words('plain', { text: message || code });
}

function addSystemLine(text, { seq, timestamp } = {}) {
  const line = document.createElement('div');
  const time = document.createElement('time');
  line.className = 'system-message';
  if (seq) line.dataset.seq = seq;
  showTime(time, dateOf(timestamp));
  line.append(text, ' ', time);
  add(line);
  return line;
}

function makeLine(kind, author, content, timestamp) {
  const line = template.content.firstElementChild.cloneNode(true);
  line.classList.add(kind);
  line.querySelector('.author').append(author);
  line.querySelector('.text').append(...linked(content));
  showTime(line.querySelector('time'), dateOf(timestamp));
  label(line.querySelector('.more'), 'tools');
  return line;
}

/** Says that a line is not for everybody; `to` are those it is for, if that is not just the reader. */
function showPrivate(line, to) {
  line.classList.add('private');
  const names = to && to.map(({ username }) => username).join(', ');
  line.querySelector('.author').after(' ', names ? words('private_to', { name: name(names) }) : words('private'));
}

function offerAgain(line, offered) {
  const button = line.querySelector('.again');
  button.hidden = !offered;
  if (offered) setText(button, 'again');
  else clear(button);
}

function dateOf(timestamp) {
  const date = new Date(timestamp);
  return Number.isNaN(date.getTime()) ? new Date() : date;
}

// ---- where a line goes

function add(line) {
  if (above) above.append(line);
  else {
    beforeGrowing();
    chat.insertBefore(line, firstWaiting());
  }
  divide(line);
  if (!above && line.classList.contains('other')) markNew(line);
  group(line);
  if (above) return;
  if (!wasAtEnd && line.classList.contains('message')) unread++;
  trim();
}

// ---- older lines

let above = null; // where lines go while older ones are drawn

/** Lines that `draw` adds stand above all others. What the reader sees stays where it is. */
export function addOlder(draw) {
  above = document.createDocumentFragment();
  draw();
  const { scrollHeight: height, scrollTop: top } = chat;
  chat.ariaLive = 'off'; // nobody wants them read aloud
  const below = chat.firstElementChild;
  chat.prepend(above);
  above = null;
  join(below);
  chat.scrollTop = top + chat.scrollHeight - height;
  end = chat.scrollTop;
  requestAnimationFrame(() => { chat.ariaLive = 'polite'; });
}

/** Draws a change of lines that are here. They may grow, and who reads the last one goes on seeing it. */
export function change(draw) {
  if (isAbove()) return; // older lines come as they are now
  beforeGrowing();
  draw();
}

/** Whether older lines are being drawn. */
export function isAbove() {
  return above !== null;
}

/** The room was cleared: only lines that the server does not have yet stay. */
export function empty() {
  for (const line of [...chat.children]) {
    if (isWaiting(line.dataset.state)) continue;
    own.delete(line.dataset.id);
    line.remove();
  }
}

/** The last message of mine that has a number. */
export function lastOwn() {
  return [...chat.querySelectorAll('.own[data-seq]:not(.private, [data-deleted])')].at(-1);
}

/** All that is on the page, as text: for a file. */
export function transcript() {
  return [...chat.children].map((line) => {
    const time = line.querySelector('time')?.dateTime ?? '';
    const author = line.querySelector('.author')?.textContent;
    const said = author ? `${author}: ${line.querySelector('.text').textContent}` : `* ${line.firstChild?.textContent ?? ''}`;
    return `${time} ${said}`;
  }).join('\n');
}

/** The number of the oldest event on the page. */
export function firstSeq() {
  const seq = chat.querySelector('[data-seq]')?.dataset.seq;
  return seq && Number(seq);
}

/** Whether so many more lines may be on the page. */
export function hasRoom(lines) {
  return chat.childElementCount + lines <= KEEP;
}

function toEnd(line) {
  beforeGrowing();
  wasAtEnd = true; // whoever writes wants to see it
  chat.append(line);
  divide(line);
  group(line);
  forgetNew();
  trim();
}

function firstWaiting() {
  let first = null;
  for (let line = chat.lastElementChild; isWaiting(line?.dataset.state); line = line.previousElementSibling) first = line;
  return first;
}

function trim() {
  while (chat.childElementCount > KEEP) {
    const oldest = chat.firstElementChild;
    if (oldest.classList.contains('own')) own.delete(oldest.dataset.id);
    oldest.remove();
    group(chat.firstElementChild); // it shows its author again
  }
}

// ---- following the end, unless someone reads further up

let wasAtEnd = true;
let unread = 0;
let end = 0; // where we last scrolled to
let frame = null;
let leaving = 0; // until then, someone's hand is on its way up

function atEnd() {
  return chat.scrollHeight - chat.scrollTop - chat.clientHeight < 24;
}

/** Measures once a frame, before the first new line, however many lines follow. */
function beforeGrowing() {
  if (frame !== null) return;
  const following = wasAtEnd && chat.scrollTop === end; // though the screen may just have turned
  wasAtEnd = (following || atEnd()) && performance.now() > leaving;
  frame = requestAnimationFrame(() => {
    frame = null;
    if (wasAtEnd) goToEnd();
    else showUnread();
  });
}

function goToEnd() {
  chat.scrollTop = chat.scrollHeight;
  end = chat.scrollTop;
  wasAtEnd = true;
  unread = 0;
  leaving = 0;
  showUnread();
}

function showUnread() {
  newButton.hidden = unread === 0;
  if (unread) setText(newButton, 'new_messages', { count: unread });
}

chat.addEventListener('scroll', () => {
  if (frame !== null || (wasAtEnd && chat.scrollTop === end)) return; // our doing, not the reader's
  wasAtEnd = atEnd();
  if (wasAtEnd && unread) goToEnd();
}, { passive: true });

/** `heard` is called when the log was scrolled. */
export function onScroll(heard) {
  chat.addEventListener('scroll', heard, { passive: true });
}

/** Whether the last line is in sight. */
export function isAtEnd() {
  return wasAtEnd;
}

/** How far the log is scrolled from its top. */
export function top() {
  return chat.scrollTop;
}

/** Whether there is a button above the first line. */
export function leaveRoomAbove(left) {
  chat.classList.toggle('below', left);
}

/** Moves the keyboard to the log. */
export function focus() {
  chat.focus();
}

// When many lines come, the first pixels of scrolling up would be undone at once. So for a moment
// after a scroll of the user, the page does not follow the end.
function leave() {
  leaving = performance.now() + 300;
}
chat.addEventListener('wheel', ({ deltaY }) => { if (deltaY < 0) leave(); }, { passive: true });
chat.addEventListener('touchmove', leave, { passive: true });
chat.addEventListener('keydown', ({ key }) => { if (['ArrowUp', 'PageUp', 'Home'].includes(key)) leave(); });

newButton.addEventListener('click', () => {
  goToEnd();
  chat.focus(); // the button is gone now; the keyboard must not be
});

// A soft keyboard or a longer message field takes room away from the end.
new ResizeObserver(() => { if (wasAtEnd) goToEnd(); }).observe(chat);
