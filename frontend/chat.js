// The chat page: joins the connection, the outbox of unconfirmed lines, and the view.

import { inRoom } from './address.js';
import * as changes from './changes.js';
import * as changing from './changing.js';
import { Connection } from './connection.js';
import { chooseDialect } from './dialects.js';
import { language, name, t, words } from './i18n.js';
import { Liveness } from './liveness.js';
import * as log from './log.js';
import { Older } from './older.js';
import { Order } from './order.js';
import { makeId, Outbox } from './outbox.js';
import './panel.js';
import * as rooms from './rooms.js';
import { recallMine, rememberMine } from './settings.js';
import * as tab from './tab.js';
import * as target from './target.js';
import * as teacher from './teacher.js';
import * as view from './view.js';

// ---- the connection

const dialect = await chooseDialect();

/** The server this page came from, or the one named by ?server=ws://… */
function address() {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const said = new URLSearchParams(location.search);
  const url = new URL(said.get('server') ?? `${scheme}//${location.host}${dialect.path}`);
  if (dialect.asked) url.searchParams.set('dialect', dialect.asked);
  // The last `seq` that was shown. The server sends again what came after it.
  for (const [key, value] of Object.entries(dialect.query?.(place()) || {})) url.searchParams.set(key, value);
  return url;
}

const connection = new Connection(address, dialect.protocols, {
  onOpen() {
    console.info(t('opened'));
    for (const event of dialect.opened()) hear(event);
    introduce();
  },
  onMessage(data) {
    liveness.heard();
    if (typeof data !== 'string') return; // no dialect speaks binary
    for (const event of dialect.hear(data)) {
      if (event && typeof event === 'object') hear(event);
    }
  },
  onState(state, details) {
    if (state !== 'live') liveness.end();
    if (state === 'waiting' || state === 'stopped') {
      if (details.code === 1009) outbox.refuseBiggest({ code: 'too_long' });
      outbox.broke();
      changing.broke();
      renaming = null;
      stopAsking();
      visitor = false;
      forgetTyping();
    }
    view.showStatus(state, details);
  },
});

/** Sends an event in the server's dialect. False if there is no connection, or the dialect has no such event. */
function send(said) {
  return Boolean(said) && connection.send(typeof said === 'string' ? said : JSON.stringify(said));
}

const liveness = new Liveness((asked) => sayAside(dialect.ping(asked)), () => connection.lost(3008));

// The server handles frames in the order in which the page sends them. So when a line is confirmed,
// every frame before it has had its answer, if it gets one.
let frames = 0; // sent so far
let aside = 0; // the last one that was no line and may still be refused

/** The line that a refusal without an id is about: the only one on its way, if there is one. */
function only() {
  return outbox.sent.length === 1 ? outbox.sent[0] : null;
}

/** Sends an event that is no chat message. */
function sayAside(said) {
  if (!send(said)) return false;
  aside = ++frames;
  return true;
}

const outbox = new Outbox({
  deliver(line) {
    if (connection.state !== 'live' || visitor || !send(dialect.message(line))) return false;
    line.frame = ++frames;
    return true;
  },
  window: dialect.oneByOne ? 1 : undefined,
  changed: (line) => log.drawOwn(line, (id) => outbox.again(id)),
  keep: (lines) => dialect.reloads && tab.remember('lines', lines),
});

// ---- my name

const IDS = 20; // of mine that are remembered over a reload

const me = {
  id: null, // a new one with every connection
  ids: new Set(dialect.reloads ? tab.recall('ids') : []), // all I ever had in this tab
  wanted: recallMine('name') ?? '', // what I asked for; '' leaves it to the server
  username: '', // what the server made of it
};
let ideas = nameIdeas();
let renaming = null; // the name in a rename that has no answer yet
let asking = null; // the timer of a name that the server would not hear yet
let proposed; // the name in the last hello
let visitor = false; // connected, and asked for a name before anything else

/** The names to try one after the other, while the server answers that they are taken. */
function* nameIdeas() {
  if (!me.wanted) return;
  if (me.username) yield me.username; // after a break: who I was before
  if (me.username !== me.wanted) yield me.wanted;
  for (let n = 2; n <= 20; n++) yield `${[...me.wanted].slice(0, 29).join('')} ${n}`;
}

function introduce(username = ideas.next().value) { // none left: a guest
  proposed = username;
  // After a reload the page is empty, so it asks for all that the room keeps.
  const room = epoch || !beforeReload ? place() : { epoch: beforeReload, seq: 0 };
  const token = recallMine(inRoom('token')) || null;
  if (send(dialect.hello({ username, lang: language, token, room }))) return;
  if (dialect.asks) {
    visitor = true;
    connection.welcomed();
    view.askName(true);
  }
}

function rename(wanted) {
  view.hint();
  if (wanted === renaming || (wanted && wanted === me.username)) return;
  const asked = visitor ? dialect.hello({ username: wanted }) : dialect.rename(wanted, makeId());
  stopAsking();
  if (wanted && connection.state === 'live' && sayAside(asked)) {
    renaming = wanted;
  } else { // asked for with the next hello
    Object.assign(me, { wanted, username: '' });
    rememberMine('name', wanted);
    ideas = nameIdeas();
  }
}

// ---- what the server says

const people = new Map(); // id -> { username, state, connections }
let headcount; // how many are here, where the server says so: it may name fewer
const typists = new Map(); // id -> { username, timer }
let epoch = null; // the life of the room in which events are numbered
const beforeReload = dialect.reloads && tab.recall('epoch'); // the life of the room that the tab knew
let replaying = false; // what comes was missed: it says nothing about who is here now
let limits = { content: 4000 };

/** How far I have read. */
function place() {
  return { epoch, seq: order.seq ?? 0 };
}

const order = new Order({
  show,
  ask: dialect.history && ((after) => askHistory('order', { after })),
  lost: () => log.addSystem('lost'),
});

const older = new Older((before, limit) => askHistory('older', { before, limit }), () => order.seq + 1);
const asked = { order: null, older: null }; // the ids of requests for history that have no answer

function askHistory(by, part) {
  asked[by] = makeId();
  return sayAside(dialect.history?.({ id: asked[by], epoch, ...part }));
}

function hear(event) {
  const aboutSomebody = ['welcome', 'user_joined', 'user_left'].includes(event.type);
  if (aboutSomebody && typeof event.user?.username !== 'string') return; // a server still being written

  if (!Number.isInteger(event.seq) || event.type === 'ack') show(event);
  else if (!order.take(event)) shownBefore(event);
}

function shownBefore(event) {
  if (event.type === 'replay_end') show(event);
  // It may be the only answer to a line of mine that was sent again.
  if (event.type === 'message') confirm(event);
}

function show(event) {
  switch (event.type) {
    case 'welcome': return welcome(event);
    case 'replay_end': replaying = false; return undefined;
    case 'history': return history(event);
    case 'message': return message(event);
    case 'ack': return confirm(event);
    case 'user_joined': return joined(event);
    case 'user_left': return left(event);
    case 'presence': return presence(event);
    case 'typing': return typing(event);
    case 'system': return system(event);
    case 'edited': return log.change(() => changes.edited(event));
    case 'deleted': return log.change(() => changes.deleted(event));
    case 'reaction': return log.change(() => changes.reacted(event));
    case 'rooms': rooms.told(event.rooms); return look();
    case 'pong': return view.showStats({ round_trip_ms: Date.now() - event.timestamp });
    case 'error': return refused(event);
    // Anything else is from a later version: ignored.
  }
}

function welcome({ session, user, rooms: [here = {}] = [], limits: said, ping_interval, recovered, replays = false, count }) {
  const before = place();
  const same = here.epoch === (before.epoch ?? beforeReload); // else the server counts from 1 again
  const seen = same && recovered !== false ? before.seq : 0;
  epoch = here.epoch;
  if (dialect.rooms && here.room) rooms.enter(here.room);
  order.begin(here.seq === null ? null : Math.max(here.seq ?? 0, seen));
  replaying = replays;
  if (renaming) rememberMine('name', me.wanted = renaming); // a visitor's name was accepted
  renaming = null;
  visitor = false;
  Object.assign(me, { id: user.id, username: user.username });
  me.ids.add(user.id);
  if (session?.token) rememberMine(inRoom('token'), session.token);
  if (dialect.reloads) {
    tab.remember('epoch', here.epoch);
    tab.remember('ids', [...me.ids].slice(-IDS));
  }
  limits = { content: limits.content, ...said };
  ideas = nameIdeas(); // for the next time

  people.clear();
  for (const member of here.members ?? []) people.set(member.id, member);
  if (!people.has(user.id)) people.set(user.id, user); // a list that is cut may lack me
  headcount = undefined;
  showPeople(here.count ?? count ?? people.size);
  view.askName(false);
  view.showName(user.username, me.wanted !== '');
  if (before.epoch && recovered) log.addSystem('recovered');
  else if (before.epoch && same) log.addSystem(recovered === false ? 'gap' : 'back');
  else if (before.epoch) log.addSystem('restarted');

  document.body.classList.toggle('changes', limits.edit_ms > 0);
  if (dialect.history) older.begin(same);
  connection.welcomed();
  teacher.welcomed(limits.edit_ms > 0, here);
  away = false; // so the server believes
  tellPresence();
  if (dialect.pings) liveness.begin(ping_interval >= 1000 ? ping_interval : 25_000);
  if (recovered || (same && dialect.reloads)) outbox.resume();
  outbox.flush();
}

function message(event) {
  if (typeof event.content !== 'string') return; // nothing to show
  stopTyping(event.user?.id);
  if (!replaying && event.seq) {
    rooms.counted();
    lookSoon();
  }
  if (me.ids.has(event.user?.id) && confirm(event)) return;
  const nameless = event.user?.id === 'server' ? 'server' : 'somebody'; // an echo has no name of its own
  const mine = me.ids.has(event.user?.id); // said before the page was reloaded
  log.addMessage({ ...event, to: Array.isArray(event.to) ? event.to : undefined, mine, author: event.username ? name(event.username) : words(nameless) });
}

let looking = null;

/** Many messages in one moment are read once. */
function lookSoon() {
  looking ??= setTimeout(() => { looking = null; look(); }, 100);
}

/** Messages that the person sees are read. */
function look() {
  if (dialect.rooms) rooms.show(document.visibilityState === 'visible' && log.isAtEnd());
}

/** A part of the history: what the order lacks, or older events for the top of the log. */
function history({ ref, events, more }) {
  if (!Array.isArray(events)) return;
  if (ref === asked.order) return order.answered(events, more);
  if (ref !== asked.older) return;
  older.answered(events, more, () => {
    const live = replaying;
    replaying = true; // they say nothing about who is here now
    for (const event of events) show(event);
    replaying = live;
  });
}

/** Both an `ack` and the message itself confirm a line, whichever comes first. */
function confirm(event) {
  if (changing.done(event) || teacher.answered(event)) return true;
  if (only()?.id === event.id && only().frame > aside) aside = 0;
  outbox.confirmed(event.id);
  return log.settleOwn(event.id, event);
}

function joined(event) {
  const { user, members, count } = event;
  if (!replaying) {
    people.set(user.id, user);
    replacePeople(members);
    showPeople(count);
  }
  log.addArrival(user.username, event);
}

function showPeople(count = headcount) {
  headcount = count;
  if (dialect.rooms) rooms.peopled(count ?? people.size);
  view.showPeople(people, me.id, count, dialect.privates && target.forPerson, teacher.orders);
}

/** Many arrivals and departures in one event. It may not name all of them. */
function presence({ full, users, joins, renames, updates, leaves, joined, left, count, timestamp }) {
  const list = (members) => (Array.isArray(members) ? members : []);
  if (full) replacePeople(list(users));
  for (const member of [...list(joins), ...list(renames), ...list(updates)]) people.set(member.id, member);
  for (const { id } of list(leaves)) {
    people.delete(id);
    stopTyping(id);
  }
  if (!people.has(me.id)) people.set(me.id, me); // a list that is cut may lack me
  showPeople(count);
  if (joined > 0) log.addSystem('crowd_joined', { count: joined }, { timestamp });
  if (left > 0) log.addSystem('crowd_left', { count: left }, { timestamp });
}

/** Replaces the list of people with the list that the server sent with an event. */
function replacePeople(members) {
  if (!members) return;
  people.clear();
  for (const member of members) people.set(member.id, member);
}

function left(event) {
  const { user, members, count, reason } = event;
  if (!replaying) {
    people.delete(user.id);
    replacePeople(members);
    stopTyping(user.id);
    showPeople(count);
  }
  log.addSystem({ timeout: 'left_timeout', kicked: 'left_kicked' }[reason] ?? 'left_closed', { name: name(user.username) }, event);
}

function system(told) {
  const { event, content, params = {}, stats } = told;
  if (event === 'heartbeat') view.showStats(stats);
  else if (event === 'renamed' && params.to) renamed(params, told);
  else if (event === 'shutdown' || event === 'unsaved') log.addSystem(event, {}, told);
  else if (teacher.ruled(told, !log.isAbove())) return;
  else if (typeof content === 'string') log.addNotice(content, told);
}

function renamed({ from, to, user }, event) {
  const id = user?.id ?? user;
  if (!replaying) {
    people.set(id, { ...people.get(id), id, username: to });
    showPeople();
  }
  if (id === me.id && !replaying) {
    renaming = null;
    Object.assign(me, { wanted: to, username: to });
    rememberMine('name', to);
    view.showName(to, true);
  }
  log.addSystem('renamed', { from: name(from), to: name(to) }, event);
}

function refused(error) {
  if (error.ref && error.ref === asked.order) return order.refused(error.retry_after_ms);
  if (error.ref && error.ref === asked.older) return older.refused(error.retry_after_ms);
  if (teacher.refused(error) || changing.refused(error)) return undefined;
  if (error.code === 'rate_limited') return tooFast(error);
  if (error.code === 'unauthorized' && connection.state === 'hello') {
    rememberMine(inRoom('token'), '');
    return introduce(proposed);
  }
  const aboutName = error.code === 'name_taken' || error.code === 'name_invalid';
  if (visitor && aboutName) {
    renaming = null;
    view.nameProblem(error.code);
    view.askName(true);
  } else if (connection.state === 'hello') {
    if (error.code === 'name_invalid') {
      view.nameProblem(error.code);
      ideas = [].values(); // come in as a guest
    }
    if (aboutName) introduce();
  } else if (aboutName) {
    renaming = null;
    view.nameProblem(error.code);
    if (!messageInput.value) nameInput.focus(); // unless someone writes already
  } else if (!outbox.refused(error.ref ?? only()?.id, error)) {
    log.addSystem('objection', { reason: log.complaint(error) });
  }
}

/** The server limits the rate: all that the page sends waits, and is sent later by itself. */
function tooFast({ ref, retry_after_ms: wait }) {
  if (connection.state === 'hello') return later(wait, () => introduce(proposed));
  if (renaming && (visitor || !outbox.has(ref))) {
    const name = renaming;
    renaming = null;
    outbox.pause(wait);
    return later(wait, () => rename(name));
  }
  if (ref) return outbox.tooFast([ref], wait);
  // The error names no line. If the server recognises a line that comes twice, all lines on their
  // way are sent again. Otherwise only a single one is, if nothing else was on its way.
  const { sent } = outbox;
  const again = dialect.resends || (sent.length === 1 && !aside) ? sent : [];
  outbox.tooFast(again.map(({ id }) => id), wait);
}

/** Asks for a name once more, and shows when. */
function later(wait = 1000, ask) {
  stopAsking();
  asking = setTimeout(() => { stopAsking(); ask(); }, wait);
  view.pause(Date.now() + wait);
}

function stopAsking() {
  if (asking === null) return;
  clearTimeout(asking);
  asking = null;
  view.hint();
}

// ---- who is typing

function typing({ user, active, expires_ms }) {
  if (typeof user?.username !== 'string') return;
  stopTyping(user.id);
  if (!active || me.ids.has(user.id)) return;
  const timer = setTimeout(() => stopTyping(user.id), Math.min(expires_ms || 6000, 30_000));
  typists.set(user.id, { username: user.username, timer });
  view.showTyping([...typists.values()]);
}

function stopTyping(id) {
  clearTimeout(typists.get(id)?.timer);
  if (typists.delete(id)) view.showTyping([...typists.values()]);
}

function forgetTyping() {
  for (const id of [...typists.keys()]) stopTyping(id);
}

// ---- what the person does

const messageForm = document.querySelector('#messageForm');
const { messageInput, nameInput } = view;

messageForm.addEventListener('submit', (event) => {
  event.preventDefault();
  const content = messageInput.value.trimEnd();
  if (!content || charactersLeft(content) < 0) return;
  if (visitor) { // the first thing said here is a name
    rename(content.trim());
    messageInput.value = '';
    return written();
  }
  const { edit } = target.current();
  if (edit) {
    return changing.edit(edit, content); // the text stays until the server has it
  }
  if (!outbox.add(content, target.current())) return view.hint('outbox_full');
  target.forEverybody();
  messageInput.value = '';
  written();
  messageInput.focus();
});

changing.begin(me, {
  send: (request) => connection.state === 'live' && sayAside(dialect.change(request)),
  within: () => limits.edit_ms ?? 0,
});

teacher.begin({
  me,
  say: (request) => connection.state === 'live' && sayAside(dialect.change(request)),
  switched: () => showPeople(),
  announcement() {
    const content = messageInput.value.trim();
    messageInput.value = '';
    written();
    messageInput.focus();
    return content;
  },
});

// Enter sends, Shift+Enter begins a line. While an input method composes (pinyin,
// kana), Enter chooses a word; some browsers tell this only by the key code 229.
messageInput.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  messageForm.requestSubmit();
});

let typingSaid = 0;
messageInput.addEventListener('input', () => {
  written();
  // One frame in three seconds says "is typing" as well as one for every key.
  if (!messageInput.value || people.size < 2 || outbox.slowed || Date.now() - typingSaid < 3000) return;
  if (connection.state === 'live' && !visitor && sayAside(dialect.typing())) typingSaid = Date.now();
});

function written() {
  tab.remember('draft', messageInput.value);
  view.hint();
  view.showRoom(charactersLeft(messageInput.value));
  view.growMessage();
}

/** The limit counts characters, and JavaScript's `length` does not: '🙂'.length is 2. */
function charactersLeft(text) {
  return limits.content - [...text].length;
}

document.querySelector('#nameForm').addEventListener('submit', (event) => {
  event.preventDefault();
  rename(nameInput.value.trim());
  messageInput.focus();
});
nameInput.addEventListener('change', () => rename(nameInput.value.trim()));

let tests = 0;
document.querySelector('#testButton').addEventListener('click', () => {
  if (!outbox.add(t('test_line', { number: ++tests }))) view.hint('outbox_full');
});

view.retryButton.addEventListener('click', () => connection.start());

// ---- the browser's hints

// "Online" and "offline" are guesses, and a phone may cut a sleeping page's socket without an
// event. So none of them closes the connection: the page reconnects, or sends a ping, at once.
function nudge() {
  if (connection.state === 'waiting') connection.start();
  liveness.probe(5_000);
}
addEventListener('online', nudge);
addEventListener('offline', () => liveness.probe(5_000));
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') nudge();
});

// A person that has not looked at the page for so long is away. (A pong comes from the browser, and says
// nothing about the person.)
const AWAY = 5 * 60_000;
let away = false; // what the server was told
let leaving; // the timer until then

function tellPresence() {
  clearTimeout(leaving);
  if (document.visibilityState === 'visible') tellAway(false);
  else leaving = setTimeout(() => tellAway(true), AWAY);
}

function tellAway(now) {
  if (now === away || connection.state !== 'live') return;
  if (sayAside(dialect.presence(now ? 'away' : 'online'))) away = now;
}

document.addEventListener('visibilitychange', () => {
  tellPresence();
  lookSoon();
});
log.onScroll(lookSoon);

// A page that is left closes its connection. A page that "back" restores reconnects.
let comeBack = false;
addEventListener('pagehide', () => {
  comeBack = connection.state !== 'stopped';
  connection.stop();
});
addEventListener('pageshow', (event) => {
  if (event.persisted && comeBack) connection.start();
});

// ---- begin

document.querySelector('#notStarted').remove();
view.showFeatures(dialect);
if (dialect.lists) import('./list.js').then(({ showList }) => showList(() => me.id)); // few servers do
view.showPeople(people, me.id);
nameInput.value = me.wanted;
messageInput.value = tab.recall('draft') ?? '';
view.growMessage();
if (dialect.reloads) outbox.restore(tab.recall('lines'));
if (matchMedia('(pointer: fine)').matches) messageInput.focus(); // on a phone this would open the keyboard
connection.start();
