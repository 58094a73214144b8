// The live session: the events that the tap sends to this page, over a WebSocket of its own.

import { Connection } from './connection.js';

export class Live {
  #connection;

  /** `onBegin()` says that a session begins anew, and its recent past follows; `onClass(told)` tells of the
   *  class, then and after each change; `onEvent(event)` adds to the session; `onLeftOut(count)` says how many
   *  events this page was too slow for; `onState(state)` how the connection to the tap is. With the `query`
   *  `only=class` no events come. */
  constructor({ onBegin, onClass, onEvent, onLeftOut, onState }, query = '') {
    const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
    this.#connection = new Connection(() => `${scheme}//${location.host}/class/events${query && `?${query}`}`, [], {
      onOpen() {},
      onState,
      onMessage: (data) => {
        let told;
        try { told = JSON.parse(data); } catch { return; }
        if (told?.type === 'class') {
          const isFirst = this.#connection.state !== 'live';
          if (isFirst) onBegin();
          onClass(told);
          if (isFirst) this.#connection.welcomed();
        } else if (told?.type === 'left_out') onLeftOut(told.events);
        else onEvent(told);
      },
    });
  }

  start() {
    if (this.#connection.state === 'stopped' || this.#connection.state === 'waiting') this.#connection.start();
  }

  stop() {
    this.#connection.stop();
  }
}
