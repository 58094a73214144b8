// The page of a pupil's phone: join, speak, be broken, and see one's own wire.
//
// It speaks to the example of the lesson in the example's own dialect, through the tap, and comes back by
// itself: after a break, when a locked phone is unlocked, and when "back" restores the page.

import './timers.js'; // before all that set a timer
import { Ballot } from './ballot.js';
import { Connection } from './connection.js';
import { visible } from './describe.js';
import { chooseDialect } from './dialects.js';
import { element } from './element.js';
import { countdown, setText, t, words } from './i18n.js';
import { Live } from './live.js';
import { OwnWire } from './own_wire.js';
import { recall, remember } from './settings.js';
import { Slowness } from './slowness.js';

const LINES = 200; // of the log, at most

const $ = (selector) => document.querySelector(selector);

const ballot = new Ballot($('#ballot'));
const slowness = new Slowness($('#slow'));
const classroom = new Live({
  onBegin() {},
  onClass({ question, faults }) {
    ballot.hear(question);
    slowness.hear(faults);
  },
  onEvent() {},
  onLeftOut() {},
  onState() {},
}, 'only=class');
classroom.start();
$('.languages').addEventListener('click', () => ballot.show());

const dialect = await chooseDialect();
const wire = new OwnWire($('#ownFrames'));
let name = recall('name') ?? '';
let me = null; // my id, as the server knows me
let room = { epoch: null, seq: 0 }; // how far I have read
let lines = 0; // sent so far, for an id of each
const own = new Set(); // ids of lines that are shown and may come back
let last = null; // how the last connection was closed

const connection = new Connection(address, dialect.protocols, {
  onOpen() {
    for (const event of dialect.opened()) hear(event);
    say(dialect.hello({ username: name, lang: document.documentElement.lang, room: { epoch: null, seq: 0 } }));
    if (dialect.asks && !name) connection.welcomed();
  },
  onMessage(data) {
    wire.add('received', data);
    if (typeof data !== 'string') return;
    for (const event of dialect.hear(data)) {
      if (event && typeof event === 'object') hear(event);
    }
  },
  onState: showState,
});

function address() {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const url = new URL(`${scheme}//${location.host}${dialect.path}`);
  for (const [key, value] of Object.entries(dialect.query?.(room) || {})) url.searchParams.set(key, value);
  return url;
}

function say(said) {
  if (!said) return false;
  const text = typeof said === 'string' ? said : JSON.stringify(said);
  if (!connection.send(text)) return false;
  wire.add('sent', text);
  return true;
}

// ---- what the server says

function hear(event) {
  if (Number.isInteger(event.seq) && event.type !== 'ack') {
    if (event.seq <= room.seq) return; // shown before the break
    room.seq = event.seq;
  }
  const who = event.user?.username ?? event.username ?? '';
  switch (event.type) {
    case 'welcome': {
      const here = event.rooms?.[0] ?? {};
      room = { epoch: here.epoch ?? null, seq: Math.max(here.seq ?? 0, here.epoch === room.epoch ? room.seq : 0) };
      me = event.user?.id ?? null;
      connection.welcomed();
      setText($('#me'), 'phone_me', { name: visible(who || name || '…'), id: String(me ?? '').slice(0, 8) });
      break;
    }
    case 'message': if (!own.delete(event.id)) line(event.user?.id === me ? 'own' : '', who, String(event.content ?? '')); break;
    case 'user_joined': note('phone_joined', { name: visible(who) }); break;
    case 'user_left': note('phone_left', { name: visible(who) }); break;
    case 'system': if (typeof event.content === 'string' && event.event !== 'heartbeat') line('system', '', event.content); break;
    case 'error': note('phone_refused', { why: visible(String(event.message ?? event.code ?? '')) }); break;
  }
}

function line(kind, who, text) {
  const row = element('p', kind);
  if (who && kind !== 'own') row.append(element('b', '', element('bdi', '', visible(who))));
  row.append(element('bdi', '', visible(text, 500)));
  append(row);
}

function note(key, values) {
  append(element('p', 'system', words(key, values)));
}

function append(row) {
  const log = $('#log');
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  log.append(row);
  while (log.childElementCount > LINES) log.firstElementChild.remove();
  if (atEnd) log.scrollTop = log.scrollHeight;
}

// ---- the state, as a dot and a word

function showState(state, { code, reason, until } = {}) {
  $('#state').dataset.state = state;
  setText($('#state'), `phone_${state}`, until ? { seconds: countdown(until) } : {});
  $('#again').hidden = state !== 'waiting' && state !== 'stopped';
  if (code) {
    last = { code: String(code), reason: visible(reason ?? '') };
    setText($('#closed'), 'phone_closed', last);
    wire.closed(t('phone_closed', last));
  } else if (state === 'live' && last) {
    setText($('#closed'), 'phone_before', last);
  }
  $('#closed').classList.toggle('past', state === 'live');
}

// ---- what the person does

function join() {
  if (dialect.names) {
    name = $('#nameInput').value.trim();
    remember('name', name);
  }
  for (const part of ['#log', 'footer']) $(part).hidden = false;
  $('#joinForm').hidden = true;
  connection.start();
}
$('#sayForm').addEventListener('submit', (event) => {
  event.preventDefault();
  const content = $('#sayInput').value.trim();
  if (content && speak(content)) $('#sayInput').value = '';
});
$('#test').addEventListener('click', () => speak(`${t('phone_test')} ${lines + 1}`));
$('#again').addEventListener('click', () => connection.start());

function speak(content) {
  lines += 1;
  const id = `${Date.now().toString(36)}-${lines}`;
  if (!say(dialect.message({ id, content }))) return false;
  own.add(id);
  if (own.size > LINES) own.delete(own.values().next().value);
  line('own', '', content);
  return true;
}

// ---- a phone sleeps, and goes back and forth

let joined = false;
function comeBack() {
  classroom.start();
  if (connection.state === 'waiting') connection.start();
}
document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && comeBack());
addEventListener('online', comeBack);
addEventListener('pagehide', () => {
  joined = connection.state !== 'stopped';
  connection.stop();
  classroom.stop();
});
addEventListener('pageshow', ({ persisted }) => {
  if (!persisted) return;
  classroom.start();
  if (joined) connection.start();
});

showState('idle');
if (dialect.names) {
  $('#joinForm').hidden = false;
  $('#nameInput').value ||= name;
  $('#joinForm').addEventListener('submit', (event) => {
    event.preventDefault();
    join();
  });
} else {
  join(); // this server knows no names
}
