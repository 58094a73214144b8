// Changes to a message: its author edits or deletes it, anybody reacts or answers. A message has a button
// that opens the tools for it; with the keyboard, the arrows choose a message and Enter opens them.

import { label, name, setText, words } from './i18n.js';
import { linked } from './links.js';

const EMOJI = ['👍', '✅', '😂', '🎉', '🤔'];
const SURE = 4_000; // how long "really?" waits for a second press

const chat = document.querySelector('#chat');
const reactions = new WeakMap(); // line -> Map of emoji to the ids of people
const tools = document.createElement('div'); // one for all lines: it stands in the one that is open
tools.className = 'tools';
tools.setAttribute('role', 'toolbar');
tools.ariaLive = 'off'; // the log reads new lines aloud, and this is none

let me = { ids: new Set() };
let may = { edit: () => false, remove: () => false };
let act = {};

/** `person` has my `ids`. `allowed` says what I may do with a line, and `actions` does it: `react(seq, emoji,
 *  active)`, `reply(seq, line)`, `edit(seq, text)`, `remove(seq)`, `leave()`. */
export function begin(person, allowed, actions) {
  [me, may, act] = [person, allowed, actions];
}

/** The line of a message on the page. */
export function lineOf(seq) {
  return chat.querySelector(`.message[data-seq="${Number(seq)}"]`);
}

/** What a message brings with it: the one that it answers, the reactions, and that it was edited. */
export function dress(line, { reply_to, reactions: list, edited }) {
  if (Number.isInteger(reply_to)) quote(line, reply_to);
  if (edited) markEdited(line);
  for (const { emoji, users } of Array.isArray(list) ? list : []) {
    for (const id of users) toggle(line, emoji, id, true);
  }
  drawReactions(line);
}

export function edited({ target, content }) {
  const line = lineOf(target);
  if (!line || typeof content !== 'string') return;
  line.querySelector('.text').replaceChildren(...linked(content));
  markEdited(line);
  for (const it of quotes(target)) fillQuote(it, line);
}

export function deleted({ target }) {
  const line = lineOf(target);
  for (const it of quotes(target)) setText(it, 'deleted');
  if (!line) return;
  if (line.contains(tools)) close(line.contains(document.activeElement));
  line.dataset.deleted = '';
  setText(line.querySelector('.text'), 'deleted');
  for (const part of line.querySelectorAll('.quote, .reactions, .edited')) part.remove();
}

export function reacted({ target, user, emoji, active }) {
  const line = lineOf(target);
  if (!line || !EMOJI.includes(emoji) || !user) return;
  toggle(line, emoji, user.id, active);
  drawReactions(line);
}

function markEdited(line) {
  if (line.querySelector('.edited')) return;
  const mark = words('edited');
  mark.className = 'edited';
  line.querySelector('.meta time').after(' ', mark);
}

// ---- reactions

function toggle(line, emoji, id, active) {
  const here = reactions.get(line) ?? new Map();
  const people = here.get(emoji) ?? new Set();
  if (active) people.add(id);
  else people.delete(id);
  if (people.size) here.set(emoji, people);
  else here.delete(emoji);
  reactions.set(line, here);
}

function mine(people) {
  return [...people ?? []].some((id) => me.ids.has(id));
}

function drawReactions(line) {
  const here = reactions.get(line);
  line.querySelector('.reactions')?.remove();
  if (!here?.size || 'deleted' in line.dataset) return;
  const row = document.createElement('p');
  row.className = 'reactions';
  row.ariaLive = 'off';
  for (const emoji of EMOJI.filter((one) => here.has(one))) {
    const people = here.get(emoji);
    const button = reactionButton(line, emoji, mine(people));
    button.tabIndex = -1; // with the keyboard: the tools
    button.append(` ${people.size}`);
    row.append(button);
  }
  line.querySelector('.text').after(row);
}

function reactionButton(line, emoji, active) {
  const button = makeButton(() => act.react(Number(line.dataset.seq), emoji, !active));
  button.textContent = emoji;
  button.setAttribute('aria-pressed', String(active));
  return button;
}

// ---- replies

function quotes(target) {
  return chat.querySelectorAll(`.quote[data-target="${Number(target)}"]`);
}

function quote(line, target) {
  const button = makeButton(() => {
    const answered = lineOf(target);
    answered?.scrollIntoView({ block: 'center' });
    if (answered) select(answered);
  });
  button.className = 'quote';
  button.tabIndex = -1;
  button.dataset.target = target;
  fillQuote(button, lineOf(target));
  line.querySelector('.text').before(button);
}

function fillQuote(button, line) {
  if (!line) return setText(button, 'reply_gone');
  if ('deleted' in line.dataset) return setText(button, 'deleted');
  const text = line.querySelector('.text').textContent.slice(0, 120);
  return setText(button, 'quote', { name: authorOf(line), text });
}

function authorOf(line) {
  const author = line.querySelector('.author');
  return line.classList.contains('own') ? words('you') : name(author.textContent);
}

// ---- the tools of one line

function open(line) {
  const seq = Number(line.dataset.seq);
  const here = reactions.get(line) ?? new Map();
  const buttons = EMOJI.map((emoji) => reactionButton(line, emoji, mine(here.get(emoji))));
  buttons.push(toolButton('reply', () => act.reply(seq, authorOf(line))));
  if (may.edit(line)) buttons.push(toolButton('edit', () => act.edit(seq, line.querySelector('.text').textContent)));
  if (may.remove(line)) buttons.push(twice('delete', () => act.remove(seq)));
  label(tools, 'tools');
  tools.replaceChildren(...buttons);
  moreOf(tools.parentElement)?.setAttribute('aria-expanded', 'false');
  line.append(tools);
  moreOf(line).setAttribute('aria-expanded', 'true');
  line.scrollIntoView({ block: 'nearest' });
  buttons[0].focus();
}

function close(focus) {
  const line = tools.parentElement;
  moreOf(line)?.setAttribute('aria-expanded', 'false');
  tools.remove();
  if (focus && line) select(line);
}

function moreOf(line) {
  return line?.querySelector('.more');
}

function makeButton(pressed) {
  const button = document.createElement('button');
  button.type = 'button';
  button.addEventListener('click', () => {
    if (tools.contains(button)) close(true);
    pressed();
  });
  return button;
}

function toolButton(key, pressed) {
  return setText(makeButton(pressed), key);
}

/** What cannot be undone wants a second press. */
export function twice(key, pressed) {
  const button = document.createElement('button');
  button.type = 'button';
  setText(button, key);
  let sure = null;
  button.addEventListener('click', () => {
    if (sure) {
      clearTimeout(sure);
      sure = null;
      setText(button, key);
      if (tools.contains(button)) close(true);
      return pressed();
    }
    setText(button, 'really');
    sure = setTimeout(() => { sure = null; setText(button, key); }, SURE);
  });
  return button;
}

/** Moves the keyboard to a message. */
function select(line) {
  line.tabIndex = -1;
  line.focus();
}

function lines() {
  return [...chat.querySelectorAll('.message[data-seq]:not([data-deleted])')];
}

chat.addEventListener('click', ({ target }) => {
  const button = target.closest?.('.more');
  if (!button) return;
  const line = button.closest('.message');
  if (line.contains(tools)) close(true);
  else open(line);
});

chat.addEventListener('keydown', (event) => {
  const line = event.target.closest?.('.message');
  const inTools = tools.contains(event.target);
  if (event.key === 'Escape') {
    if (inTools) close(true);
    else if (line) act.leave();
  } else if (event.key === 'Enter' && event.target === line && line.dataset.seq && !('deleted' in line.dataset)) {
    event.preventDefault();
    open(line);
  } else if (inTools && (event.key === 'ArrowLeft' || event.key === 'ArrowRight')) {
    const buttons = [...tools.children];
    const step = event.key === 'ArrowRight' ? 1 : buttons.length - 1;
    buttons[(buttons.indexOf(event.target) + step) % buttons.length].focus();
  } else if (!inTools && (event.key === 'ArrowUp' || event.key === 'ArrowDown') && (line || event.key === 'ArrowUp')) {
    const all = lines();
    const at = line ? all.indexOf(line) : all.length;
    const next = all[at + (event.key === 'ArrowUp' ? -1 : 1)];
    if (!next) return;
    event.preventDefault();
    next.scrollIntoView({ block: 'nearest' });
    select(next);
  }
});
