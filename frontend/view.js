// Everything on the page that is not a line of the chat.

import { countdown, duration, has, clear, name, number, t, setText, size, words } from './i18n.js';

const $ = (selector) => document.querySelector(selector);

export const messageInput = $('#messageInput');
export const nameInput = $('#nameInput');
export const retryButton = $('#retryButton');

// ---- the connection, in words

export function showStatus(state, { code, reason, until } = {}) {
  const status = $('#status');
  status.dataset.state = state;

  const seconds = state === 'waiting' && countdown(until);
  setText(status, state === 'hello' ? 'connecting' : state, { seconds });

  // While an attempt runs, the button and the reason of the last failure stay: else they would blink.
  if (state === 'waiting' || state === 'stopped') {
    setText(retryButton, state === 'waiting' ? 'retry' : 'reconnect');
    retryButton.hidden = false;
    showReason(code, reason);
  } else if (state === 'live') {
    if (document.activeElement === retryButton) messageInput.focus();
    retryButton.hidden = true;
    clear($('#reason'));
  }
  document.body.classList.toggle('offline', !retryButton.hidden);
}

function showReason(code, reason) {
  const key = `close_${code}`;
  const what = has(key) ? words(key) : words('close_other', { code: String(code) });
  setText($('#reason'), 'close', { what, reason: reason && (() => because(reason)) });
}

/** The reason in a close frame, in the reader's language. One that the page does not know stays as it came. */
function because(reason) {
  const said = reason.replace(/ \(RFC [^)]*\)$/, '');
  const [number] = said.match(/\d+/) ?? [];
  const key = `reason_${said.match(/[a-z]+/gi)?.join('_')}`;
  const text = has(key) ? t(key, { number }) : reason;
  return text && `: ${text}`;
}

// ---- people

let peopleFrame;

/** `count` is what the server says, where it names nobody or not all. */
export function showPeople(people, myId, count = people.size, choose, more = () => []) {
  setText($('#count'), 'count', { count });
  $('#count').dataset.count = count;
  cancelAnimationFrame(peopleFrame); // thirty arrivals in one moment are drawn once
  peopleFrame = requestAnimationFrame(() => {
    const rows = [...people].slice(0, 100).map(([id, { username, state, connections }]) => {
      const row = document.createElement('li');
      if (choose && id !== myId) row.append(personButton(id, username, choose));
      else row.append(name(username));
      if (id === myId) row.append(' · ', words('you'));
      if (connections > 1) row.append(' · ', words('tabs', { count: connections }));
      if (state === 'away') row.append(' · ', words('away'));
      row.append(...more({ id, username }));
      row.classList.toggle('away', state === 'away');
      return row;
    });
    if (count > rows.length) {
      const row = document.createElement('li');
      row.append(words('more_people', { count: count - rows.length }));
      rows.push(row);
    }
    const focused = document.activeElement?.dataset?.person;
    $('#people').replaceChildren(...rows);
    if (focused) $('#people').querySelector(`[data-person="${CSS.escape(focused)}"]`)?.focus();
  });
}

/** Pressed, the next message is for this person only. */
function personButton(id, username, choose) {
  const button = document.createElement('button');
  button.type = 'button';
  button.dataset.person = id;
  button.append(name(username));
  button.addEventListener('click', () => choose({ id, username }));
  return button;
}

/** Whom the next message is for, or what it is about, if it is not a new one for everybody. */
export function showTarget(key, values) {
  $('#target').hidden = !key;
  if (key) setText($('#target span'), key, values);
  else clear($('#target span'));
}

export function showTyping(typists) {
  const [a, b] = typists.map(({ username }) => name(username));
  if (typists.length === 0) clear($('#typing'));
  else if (typists.length === 1) setText($('#typing'), 'typing_1', { a });
  else if (typists.length === 2) setText($('#typing'), 'typing_2', { a, b });
  else setText($('#typing'), 'typing_many');
}

/** Only what this server can do is offered. */
export function showFeatures({ names, people, counts, lists }) {
  document.body.classList.toggle('nameless', !names);
  document.body.classList.toggle('lists', Boolean(lists));
  document.body.classList.toggle('bare', !people && !counts);
  $('#nameForm').hidden = !names;
  $('#people').parentElement.hidden = !people;
  for (const part of ['#messageForm', '#testButton', '#chat']) $(part).hidden = Boolean(lists);
}

/** A visitor is asked for a name where messages are written: type it, press Enter. */
export function askName(asked) {
  messageInput.dataset.placeholder = asked ? 'name_hint' : 'message_hint';
  messageInput.placeholder = t(messageInput.dataset.placeholder);
}

// ---- the server's numbers

const stats = {};

/** Takes what is new; what was known stays. */
export function showStats(news) {
  Object.assign(stats, news);
  const rows = [
    ['connections', [stats.connections, number]],
    ['connections_total', [stats.connections_total, number]],
    ['received', [stats.messages_in, number], [stats.bytes_in, size]],
    ['delivered', [stats.messages_out, number], [stats.bytes_out, size]],
    ['memory', [stats.rss_bytes, size]],
    ['uptime', [stats.uptime_ms, duration]],
    ['round_trip', [stats.round_trip_ms, duration]],
  ].filter(([, ...facts]) => facts.every(([value]) => Number.isFinite(value)));
  $('#stats').hidden = rows.length === 0;
  $('#stats dl').replaceChildren(...rows.flatMap(([key, ...facts]) => {
    const text = () => facts.map(([value, format]) => format(value)).join(' · ');
    return [setText(document.createElement('dt'), key), setText(document.createElement('dd'), 'plain', { text })];
  }));
}

// ---- writing

/** A word to the writer, or none. */
export function hint(key, values) {
  nameInput.removeAttribute('aria-invalid');
  if (key) setText($('#hint'), key, values);
  else clear($('#hint'));
}

/** The server asks us to wait before it hears a name. */
export function pause(until) {
  hint('paused', { seconds: countdown(until) });
}

/** A word about the name. */
export function nameProblem(key) {
  hint(key);
  nameInput.setAttribute('aria-invalid', 'true');
}

/** The name that the server knows; one that it made up is shown as a suggestion only. */
export function showName(username, chosen) {
  nameInput.placeholder = username;
  if (document.activeElement !== nameInput) nameInput.value = chosen ? username : '';
}

/** How many characters are left, once it matters. */
export function showRoom(left) {
  const counter = $('#counter');
  if (left > 500) return clear(counter);
  counter.classList.toggle('over', left < 0);
  setText(counter, left < 0 ? 'signs_over' : 'signs_left', { count: Math.abs(left) });
}

/** The field is as high as its text, up to the limit in styles.css. */
export function growMessage() {
  messageInput.style.height = 'auto';
  messageInput.style.height = `${messageInput.scrollHeight + messageInput.offsetHeight - messageInput.clientHeight}px`;
}
addEventListener('resize', growMessage);
