// The laboratory of the experiments: a connection of this page to the example, through the tap.

import { command } from './commands.js';
import { chooseDialect } from './dialects.js';

/** Milliseconds: for a connection to open or an experiment to have effect, and to see that one has none. */
const PATIENCE = 15_000;
const WATCHED = 1_500;
const POLL = 50;

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Lab {
  #session; #show;

  constructor(session, show) {
    [this.#session, this.#show] = [session, show];
  }

  /** Runs a card's experiment on a new connection. What the page saw of it, in the words of the browser. */
  async run({ run, silent = false }) {
    const dialect = await chooseDialect();
    const mark = `lab-${crypto.getRandomValues(new Uint32Array(2)).join('')}`;
    const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(`${scheme}//${location.host}${dialect.path}?${mark}`, dialect.protocols);
    const seen = [];
    const done = []; // the ids of the faults, to undo them
    socket.onmessage = ({ data }) => seen.push(`message ${typeof data === 'string' ? data.slice(0, 60) : 'binary'}`);
    socket.onclose = ({ code, reason, wasClean }) => seen.push(`close ${code} ${reason} wasClean=${wasClean}`);
    try {
      const name = await this.#nameOf(mark, socket);
      this.#show(name);
      const fault = async (rule) => done.push((await command('POST', 'faults', { fault: `${rule} on ${name}`, now: true })).id);
      const hello = dialect.hello({ username: '', lang: 'en', room: {} }) ?? dialect.message({ id: mark, content: 'hi' });
      await run({
        close: () => socket.close(),
        talk: () => socket.send(typeof hello === 'string' ? hello : JSON.stringify(hello)),
      }, fault);
      const until = Date.now() + (silent ? WATCHED : PATIENCE);
      while (Date.now() < until && (silent || seen.length === 0)) await wait(POLL);
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
