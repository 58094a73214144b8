// The list of connections: names that people chose, how each does, and how it was closed.

import { element } from './element.js';
import { visible } from './describe.js';
import { Listbox } from './listbox.js';
import { duration, t } from './i18n.js';

/** Connections in the list: those that are open, then the latest of the others. */
const SHOWN = 100;

/** A shape for each state, so that colour is not needed. */
const SIGNS = { asking: '◌', open: '●', closing: '◐', closed: '○', lost: '✕', refused: '⊘' };

export class Connections {
  #list; #more;

  constructor(section, { choose }) {
    this.#more = section.querySelector('.more');
    this.#list = new Listbox(section.querySelector('ol'), { make, update: make, choose });
  }

  show({ sockets, selected }) {
    const all = [...sockets.values()];
    const [open, ended] = [true, false].map((wanted) => all.filter(({ state }) => isOpen(state) === wanted));
    const shown = [...open, ...ended.reverse()].slice(0, SHOWN);
    this.#list.show(shown.map((socket) => [socket.name, socket]), selected);
    this.#more.textContent = all.length > SHOWN ? t('more_connections', { count: all.length - SHOWN }) : '';
  }
}

export const isOpen = (state) => state === 'open' || state === 'closing' || state === 'asking';

/** The name to show: what somebody chose, and the tap's name where nobody chose one. */
export const nameOf = (socket) => (socket?.person ? visible(socket.person) : '');

function make(line, socket) {
  const shown = [socket.state, socket.person, how(socket), socket.fault].join('|');
  if (line.dataset.shown === shown) return;
  line.dataset.shown = shown;
  line.dataset.state = socket.state;
  const sign = element('span', 'sign', SIGNS[socket.state]);
  sign.setAttribute('aria-hidden', 'true');
  const person = element('bdi', 'person', nameOf(socket));
  const facts = [element('span', 'how', how(socket))];
  if (socket.fault) facts.push(element('span', 'faulty', `⚡ ${socket.fault.split(' ')[0]}`));
  line.replaceChildren(sign, element('b', 'id', socket.name), person, ...facts);
}

/** The state in words, and how it was closed. */
function how(socket) {
  const { state, close, delay, status } = socket;
  if (state === 'refused') return t('state_refused', { status: String(status ?? '?') });
  const first = close.client ?? close.server;
  if (state === 'closed' || state === 'closing') return t(`state_${state}`, { code: codeWords(first) });
  if (state === 'open' && delay !== null) return t('state_open_delay', { delay: duration(delay) });
  return t(`state_${state}`);
}

/** 1001, or that there is none. */
function codeWords(close) {
  if (!close) return '';
  return close.code === null ? t('no_code') : String(close.code);
}
