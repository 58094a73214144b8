// The same news four ways, side by side. Each way is one small function that asks in its
// own manner and hands over what it gets; the numbers come from the server, which counts.

import { clear, number, setText, words } from './i18n.js';
import './race_texts.js'; // before the first text is shown
import './settings.js';

const SHOWN = 20; // lines a panel keeps
const LATER = 2_000; // after a failure, before the next try

const $ = (selector) => document.querySelector(selector);
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// ---- four ways

const began = Date.now();
let period = 1_000;

async function ask(address) {
  const response = await fetch(address, { cache: 'no-store' });
  return response.json();
}

/** Polling: a question every second, whether there is news or not. */
async function poll(lane) {
  for (;;) {
    await lane.attempt(async () => lane.take(await ask(`poll?since=${lane.seen}`)));
    await wait(period);
  }
}

/** Long polling: the answer waits for the news; then the next question, at once. */
async function long(lane) {
  for (;;) {
    await lane.attempt(async () => lane.take(await ask(`long?since=${lane.seen}`)));
  }
}

/** Server-sent events: one question, an answer without an end. The browser comes back by itself. */
function events(lane) {
  const source = new EventSource(`events?since=${lane.seen}`);
  source.onopen = () => lane.well();
  source.onerror = () => lane.trouble('race_gone');
  source.onmessage = ({ data }) => lane.take([JSON.parse(data)]);
}

/** WebSocket: one question, then both may speak at any time. Coming back is up to us. */
function socket(lane) {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const ws = new WebSocket(`${scheme}//${location.host}/ws?since=${lane.seen}`);
  let opened = false;
  ws.onopen = () => { opened = true; lane.well(); };
  ws.onmessage = ({ data }) => lane.take([JSON.parse(data)]);
  ws.onclose = ({ code }) => {
    // Where plain HTTP still answers and the upgrade does not, something between us refuses it.
    if (opened || !reachable) lane.trouble('race_gone');
    else lane.trouble('race_blocked', { why: String(code) });
    setTimeout(() => socket(lane), LATER);
  };
}

// ---- a panel for each

class Lane {
  seen = 0;
  #list; #facts; #delay = null;

  constructor(name, path, start) {
    const section = $('#lane').content.firstElementChild.cloneNode(true);
    section.id = name;
    setText(section.querySelector('h2'), `race_${name}`);
    setText(section.querySelector('.how'), `race_${name}_how`);
    this.#list = section.querySelector('ol');
    this.#facts = section.querySelector('dl');
    this.path = path;
    $('#lanes').append(section);
    this.show([0, 0, 0]);
    this.#list.append(setText(document.createElement('li'), 'race_nothing'));
    this.start = () => start(this);
  }

  /** Numbered lines: the next question says how far we are. A server that started anew counts from 1. */
  take(lines) {
    this.well();
    const now = Date.now() + offset;
    for (const { n, line, at } of lines) {
      if (this.seen === 0) this.#list.replaceChildren();
      this.seen = n;
      const row = document.createElement('li');
      const text = document.createElement('bdi');
      const late = document.createElement('b');
      text.textContent = decoded(line);
      if (at > began + offset) { // older news did not come late: we did
        const delay = this.#delay = Math.max(0, now - at);
        setText(late, 'plain', { text: () => milliseconds(delay) });
      }
      row.append(text, ' ', late);
      this.#list.prepend(row);
    }
    while (this.#list.childElementCount > SHOWN) this.#list.lastElementChild.remove();
  }

  show([requests, empty, bytes]) {
    const facts = [
      ['race_requests', () => number(requests)],
      ['race_empty', () => number(empty)],
      ['race_bytes', () => number(bytes)],
      ['race_delay', () => (this.#delay === null ? '–' : milliseconds(this.#delay))],
    ];
    this.#facts.replaceChildren(...facts.flatMap(([key, text]) => [
      setText(document.createElement('dt'), key),
      setText(document.createElement('dd'), 'plain', { text }),
    ]));
  }

  async attempt(question) {
    try {
      await question();
    } catch {
      this.trouble('race_gone');
      await wait(LATER);
    }
  }

  trouble(key, values) {
    if (this.#list.querySelector('.trouble')) return;
    const row = document.createElement('li');
    row.className = 'trouble';
    this.#list.prepend(setText(row, key, values));
  }

  well() {
    this.#list.querySelector('.trouble')?.remove();
  }
}

/** 3 as "3 ms", 1234 as "1.2 s". */
function milliseconds(ms) {
  const [unit, value] = ms < 1_000 ? ['millisecond', Math.round(ms)] : ['second', ms / 1_000];
  return number(value, { style: 'unit', unit, maximumFractionDigits: 1 });
}

function decoded(line) {
  try { return decodeURIComponent(line); } catch { return line; }
}

// ---- the stopwatch, which takes no part in the race

let offset = 0; // how far the server's clock is ahead of ours
let nearest = Infinity;
let reachable = false;

async function measure(lanes) {
  for (;;) {
    try {
      const asked = Date.now();
      const { now, meters } = await ask('meter');
      const there = Date.now() - asked;
      reachable = true;
      if (there <= nearest) { // the quicker the answer, the less it can be wrong about the time
        nearest = there;
        offset = now - (asked + there / 2);
      }
      for (const lane of lanes) lane.show(meters[lane.path]);
    } catch {
      reachable = false;
    }
    await wait(1_000);
  }
}

// ---- begin

const lanes = [
  new Lane('poll', '/poll', poll),
  new Lane('long', '/long', long),
  new Lane('events', '/events', events),
  new Lane('ws', '/ws', socket),
];

const choice = document.createElement('select');
for (const seconds of [0.2, 1, 5]) {
  const option = new Option('', seconds * 1_000, seconds === 1, seconds === 1);
  choice.append(setText(option, 'race_seconds', { count: seconds }));
}
choice.addEventListener('change', () => { period = Number(choice.value); });
const row = document.createElement('label');
row.append(words('race_period'), ' ', choice);
$('#poll dl').after(row); // the numbers of all lanes stay side by side

measure(lanes);
for (const lane of lanes) lane.start();

$('#newsForm').addEventListener('submit', async (event) => {
  event.preventDefault();
  const line = $('#newsInput').value.trim();
  if (!line) return;
  try {
    await fetch(`news?${encodeURIComponent(line)}`, { method: 'POST' });
    clear($('#hint'));
    $('#newsInput').value = '';
  } catch {
    setText($('#hint'), 'race_gone');
  }
});
