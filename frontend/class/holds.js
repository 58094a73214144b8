// Hold, edit, release: frames that wait for a person, who sends them on, changed or not, or drops them.

import { command } from './commands.js';
import { element } from './element.js';
import { visible } from './describe.js';
import { t } from './i18n.js';

/** Milliseconds between two looks at what waits, while anything may. */
const EVERY = 500;

export class Holds {
  #list; #tell; #panel;
  #timer = null;

  /** `tell(method, path, body)` says it to the tap. */
  constructor(panel, tell) {
    [this.#panel, this.#tell] = [panel, tell];
    this.#list = panel.querySelector('.held');
  }

  /** Looks for frames that wait for as long as one of these rules holds some. */
  show(rules) {
    const holds = rules.some(({ fault }) => fault.startsWith('hold'));
    if (holds && this.#timer === null) this.#timer = setInterval(() => this.#look(), EVERY);
    if (holds || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    this.#showHeld([]);
  }

  async #look() {
    try { this.#showHeld((await command('GET', 'holds')).held); } catch { /* the header says that the tap is away */ }
  }

  /** A line that a person edits stays as it is. */
  #showHeld(frames) {
    const known = new Map([...this.#list.children].map((line) => [line.dataset.held, line]));
    const waiting = new Set(frames.map(({ held }) => held));
    for (const [held, line] of known) {
      if (!waiting.has(held)) line.remove();
    }
    for (const frame of frames) {
      if (!known.has(frame.held)) this.#list.append(this.#line(frame));
    }
    this.#panel.querySelector('.waiting').hidden = frames.length === 0;
  }

  #line({ held, socket, from, kind, text }) {
    const line = element('li', 'fault');
    line.dataset.held = held;
    const field = element('input');
    field.value = text ?? '';
    field.disabled = text === undefined; // bytes are sent as they are, or dropped
    field.setAttribute('aria-label', t('held_text'));
    const decide = (act) => () => this.#tell('POST', `held/${held}`, {
      do: act, ...(act === 'send' && text !== undefined && field.value !== text && { payload: field.value }),
    });
    const button = (key, act) => {
      const made = element('button', '', t(key));
      made.type = 'button';
      made.addEventListener('click', decide(act));
      return made;
    };
    field.addEventListener('keydown', ({ key }) => key === 'Enter' && decide('send')());
    line.append(`${socket} ${from === 'client' ? '→' : '←'} ${visible(kind)} `, field, button('held_send', 'send'), button('held_drop', 'drop'));
    return line;
  }
}
