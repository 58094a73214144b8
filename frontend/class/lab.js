// The laboratory of the experiments: a connection of this page to the example, through the tap.

import { command } from './commands.js';
import { chooseDialect } from './dialects.js';

/** Milliseconds: for a connection to open or an experiment to have effect, and to see that one has none. */
const PATIENCE = 15_000;
const WATCHED = 1_500;
const POLL = 50;

const ORIGIN = `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}`;

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Lab {
  #session; #show;

  constructor(session, show) {
    [this.#session, this.#show] = [session, show];
  }

  /** Runs a card's experiment on a new connection. What the page saw of it, in the words of the browser. */
  async run({ run, sees = 1 }) {
    const dialect = await chooseDialect();
    const mark = `lab-${crypto.getRandomValues(new Uint32Array(2)).join('')}`;
    const open = () => new WebSocket(`${ORIGIN}${dialect.path}?${mark}`, dialect.protocols);
    const socket = open();
    const seen = [];
    const done = []; // the ids of the faults, to undo them
    socket.onmessage = ({ data }) => seen.push(`message ${typeof data === 'string' ? data.slice(0, 60) : 'binary'}`);
    socket.onclose = ({ code, reason, wasClean }) => seen.push(`close ${code} ${reason} wasClean=${wasClean}`);
    try {
      const name = await this.#nameOf(mark, socket);
      this.#show(name);
      const fault = async (rule) => done.push((await command('POST', 'faults', { fault: `${rule} on ${name}`, now: true })).id);
      await run(new Client(socket, dialect, open, seen), fault);
      // A close is the last thing that a page sees.
      const isOver = () => sees > 0 && (seen.length >= sees || socket.readyState === WebSocket.CLOSED);
      const until = Date.now() + (sees === 0 ? WATCHED : PATIENCE);
      while (Date.now() < until && !isOver()) await wait(POLL);
      return [...seen];
    } finally {
      socket.onclose = null;
      socket.close();
      for (const id of done) await command('DELETE', `faults/${id}`);
    }
  }

  /** The name that the tap gave to the connection whose request has this mark. */
  async #nameOf(mark, socket) {
    const until = Date.now() + PATIENCE;
    while (Date.now() < until) {
      const found = [...this.#session().sockets.byName.values()].find(({ target }) => target.endsWith(mark));
      if (found && socket.readyState === WebSocket.OPEN) return found.name;
      if (socket.readyState > WebSocket.OPEN) break;
      await wait(POLL);
    }
    throw new Error('no connection');
  }
}

/** The connection of an experiment, and what it can do. */
class Client {
  #socket; #dialect; #open; #seen; #said = 0;

  constructor(socket, dialect, open, seen) {
    [this.#socket, this.#dialect, this.#open, this.#seen] = [socket, dialect, open, seen];
  }

  get extensions() {
    return this.#socket.extensions;
  }

  get state() {
    return ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'][this.#socket.readyState];
  }

  /** The page says this itself. */
  tell(words) {
    this.#seen.push(words);
  }

  close(...code) {
    try { this.#socket.close(...code); } catch ({ name }) { this.tell(`exception ${name}`); }
  }

  /** Says something that the server answers: a greeting first, and then messages. */
  talk() {
    const hello = this.#said === 0 && this.#dialect.hello({ username: '', lang: 'en', room: {} });
    this.#said += 1;
    const said = hello || this.#dialect.message({ id: `lab-${this.#said}`, content: 'hi' });
    this.#socket.send(typeof said === 'string' ? said : JSON.stringify(said));
  }

  /** Opens so many connections at once, and tells how many the browser lets be open. */
  async crowd(count) {
    const sockets = Array.from({ length: count }, this.#open);
    let opened = 0;
    const settled = sockets.map((socket) => new Promise((done) => {
      socket.onopen = () => { opened += 1; done(); };
      socket.onerror = done;
    }));
    await Promise.race([Promise.all(settled), wait(PATIENCE)]);
    this.tell(`open ${opened} of ${count}`);
    for (const socket of sockets) socket.close();
  }
}
