// The frames of this page, as far as a page can see: no ping, no pong, no mask.

import { clock, visible } from './describe.js';
import { element } from './element.js';
import { t } from './i18n.js';

const KEPT = 20;

export class OwnWire {
  #list;

  constructor(list) {
    this.#list = list;
  }

  /** A frame that was `sent` or `received`; the newest is on top. */
  add(way, data) {
    const text = typeof data === 'string' ? data : '';
    const size = text ? new TextEncoder().encode(text).length : data.size ?? data.byteLength ?? 0;
    const front = `${way === 'sent' ? '→' : '←'} ${text ? 'text' : 'binary'} ${t('bytes_short', { count: size })} `;
    this.#put(element('li', way, element('b', '', front), element('bdi', '', visible(text, 200))));
  }

  closed(words) {
    this.#put(element('li', 'control', `✕ ${words}`));
  }

  #put(line) {
    line.title = clock(new Date().toISOString());
    this.#list.prepend(line);
    while (this.#list.childElementCount > KEPT) this.#list.lastElementChild.remove();
  }
}
