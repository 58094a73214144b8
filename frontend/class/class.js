// The classroom page: joins the session, the place that is looked at, and the panels that show it.
//
// Every panel gets one scene: the events up to a place, the connections as they were there, and what a
// person chose. So a recorded session, a live one and any moment of either are shown by the same code.

import { hasKey } from './commands.js';
import { Connections, nameOf } from './connections.js';
import { clock } from './describe.js';
import { Experiments } from './experiments.js';
import { Handshake } from './handshake.js';
import { listKeys, showKeys } from './keys.js';
import { Lesson } from './lesson.js';
import { Live } from './live.js';
import { painter } from './painter.js';
import { Playhead } from './playhead.js';
import { Questions } from './questions.js';
import { download, openRecordings } from './recording.js';
import { Sequence } from './sequence.js';
import { Session } from './session.js';
import { Statistics } from './statistics.js';
import { tabs } from './tabs.js';
import { Teacher } from './teacher.js';
import { framesOf, Wire } from './wire.js';
import { setText, t } from './i18n.js';
import './settings.js';

const $ = (selector) => document.querySelector(selector);

// ---- what is shown

let session = new Session();
let source = 'none'; // of the session: `live`, `recorded`
let told = null; // what the tap says of the class
let selected = null; // a connection, or null for all
let chosen = null; // the number of a frame, or null for the latest
let form = 'hex';
let unmask = false;
const playhead = new Playhead(() => session, () => { chosen = null; redraw(); });

function begin(next) {
  session = next;
  selected = null;
  chosen = null;
  playhead.at = Infinity;
  redraw();
}

function select(name) {
  selected = name;
  chosen = null;
  redraw();
}

function choose(n) {
  const event = session.find(n);
  if (!event) return;
  chosen = n;
  if (selected && event.socket !== selected) selected = event.socket;
  redraw();
}

function scene() {
  const place = playhead.place;
  const events = session.upTo(playhead.live ? Infinity : place);
  const sockets = (playhead.live ? session.sockets : session.socketsAt(place)).byName;
  const all = framesOf(events, selected);
  const frame = (chosen !== null && session.find(chosen)) || all.at(-1) || null;
  return { events, sockets, selected, frame, live: playhead.live, place, leftOut: session.leftOut, form, unmask, told };
}

// ---- the panels

const panels = [
  new Connections($('#connections'), { choose: select }),
  new Handshake($('#handshake')),
  new Lesson($('#lesson')),
  new Experiments($('#experiments'), { session: () => session, show(name) { selected = name; chosen = null; playhead.at = Infinity; redraw(); } }),
  new Questions($('#question')),
  new Sequence($('#sequence'), { choose }),
  new Wire($('#wire'), { choose }),
  new Statistics($('#statistics')),
  { show: showBars },
];
const sequence = panels.find((panel) => panel instanceof Sequence);
if (hasKey) {
  document.body.classList.add('teach');
  $('#teacher').hidden = false;
  $('#notesButton').hidden = false;
  panels.push(new Teacher($('#teacher')));
}

/** The controls, which say what is chosen. */
function showBars({ events, sockets, frame, live, place }) {
  $('#allButton').setAttribute('aria-pressed', String(selected === null));
  const socket = sockets.get(selected ?? frame?.socket);
  $('#wireOf').textContent = selected ? `${selected} ${nameOf(socket)}` : t('all_connections');
  for (const button of document.querySelectorAll('[data-form]')) button.setAttribute('aria-pressed', String(button.dataset.form === form));
  $('#unmask').setAttribute('aria-pressed', String(unmask));
  $('#pause').setAttribute('aria-pressed', String(!live));
  $('#pause span').dataset.text = live ? 'pause' : 'go_on';
  $('#pause span').textContent = t(live ? 'pause' : 'go_on');
  const range = $('#place');
  Object.assign(range, { min: session.firstNumber, max: Math.max(session.lastNumber, 0), value: Math.max(place, 0) });
  const last = events.at(-1);
  const moment = last ? clock(last.time, 1) : '';
  $('#when').textContent = live && source === 'live' ? t('live') : moment;
  range.setAttribute('aria-valuetext', moment);
}

const redraw = painter(() => {
  const now = scene();
  for (const panel of panels) panel.show(now);
});

// ---- where a session comes from

const live = new Live({
  onBegin() {
    source = 'live';
    begin(new Session());
  },
  onClass(now) {
    const asked = now.question?.id;
    if (asked && asked !== told?.question?.id) showTab('question');
    told = now;
    showClass();
    redraw();
  },
  onEvent(event) {
    if (session.add(event)) redraw();
  },
  onLeftOut(count) {
    session.leftOut += Number(count) || 0;
    redraw();
  },
  onState(state) {
    if (state === 'live') showClass();
    else if (state === 'waiting') setState('no_tap', state);
    else if (state === 'stopped' && source === 'live') setState('disconnected', state);
  },
});

function showClass() {
  const { lesson, title, server } = told;
  setText($('h1'), 'class_title', { number: String(lesson), title: String(title) });
  const url = told.join ?? `${location.origin}/class/phone`;
  setText($('#join'), 'join', { url });
  $('#joinButton').hidden = !told.join;
  setState(`server_${server}`, server === 'stopped' ? 'stopped' : 'live');
  $('#save').hidden = false;
}

function setState(key, state, values) {
  $('#state').dataset.state = state;
  setText($('#state'), key, values);
}

openRecordings($('#recording'), {
  opened(recorded, name, refused) {
    live.stop();
    source = 'recorded';
    told = null;
    setState(refused ? 'recording_partly' : 'recording_of', 'recorded', { name, count: refused });
    $('#save').hidden = true;
    begin(recorded);
  },
  failed: (key) => setState(key, 'stopped'),
});
addEventListener('pageshow', (event) => event.persisted && source !== 'recorded' && live.start());
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible' && source !== 'recorded') live.start();
});

// ---- what a person does

$('#openButton').addEventListener('click', () => $('#recording').click());
$('#allButton').addEventListener('click', () => select(null));
$('#back').addEventListener('click', () => playhead.step(-1));
$('#forth').addEventListener('click', () => playhead.step(1));
$('#pause').addEventListener('click', () => playhead.toggle());
$('#place').addEventListener('input', ({ target }) => playhead.seek(Number(target.value) >= session.lastNumber && source === 'live' ? Infinity : Number(target.value)));
$('#export').addEventListener('click', () => download(sequence.export(), 'sequence.svg'));
$('#unmask').addEventListener('click', () => { unmask = !unmask; redraw(); });
for (const button of document.querySelectorAll('[data-form]')) {
  button.addEventListener('click', () => { form = button.dataset.form; redraw(); });
}
$('#joinButton').addEventListener('click', () => {
  setText($('#joinTitle'), 'join', { url: told.join });
  Object.assign($('#joinDialog img'), { src: '/class/join.svg', alt: t('join_code') });
  $('#joinDialog').showModal();
});
$('#keysButton').addEventListener('click', () => listKeys($('#keysDialog')));
$('#notesButton').addEventListener('click', () => open('/class/notes', 'notes', 'popup,width=900,height=1000'));
const showTab = tabs(redraw);
addEventListener('resize', redraw);
$('.languages').addEventListener('click', redraw);
$('#themeButton').addEventListener('click', redraw);

showKeys();
setState('connecting', 'connecting');
setInterval(() => source === 'live' && playhead.live && redraw(), 1_000); // a quiet second is a fact, too
live.start();
