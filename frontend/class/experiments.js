// Experiments: a question with three answers, one press, the wire, and then a sentence with its section.

import { CARDS } from './cards.js';
import { hasKey } from './commands.js';
import { element } from './element.js';
import { visible } from './describe.js';
import { Lab } from './lab.js';
import { askCard } from './questions.js';
import { t } from './i18n.js';

const ANSWERS = ['a', 'b', 'c'];

/** The experiment as a file, for those who have no browser. */
function file(id) {
  const link = element('a', '', t('card_file'));
  Object.assign(link, { href: `experiments/${id}.wst`, download: `${id}.wst` });
  return link;
}

export class Experiments {
  #place; #lab; #shown = '';
  #said = new Map(); // card -> the answer that somebody chose
  #done = new Map(); // card -> what the page itself saw
  #running = null;

  /** `session()` is the one now shown; `show(name)` shows a connection. */
  constructor(place, { session, show }) {
    this.#place = place;
    this.#lab = new Lab(session, show);
  }

  show() {
    if (this.#place.hidden) return;
    const shown = JSON.stringify([t('experiments'), [...this.#said], [...this.#done], this.#running]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const focus = document.activeElement?.id;
    this.#place.replaceChildren(...CARDS.map((card) => this.#card(card)));
    if (focus) document.getElementById(focus)?.focus();
  }

  #card(card) {
    const { id, right, section, faulty } = card;
    const said = this.#said.get(id);
    const seen = this.#done.get(id);
    const box = element('article', 'card', element('h3', '', t(`card_${id}`)), element('p', '', t(`card_${id}_ask`)));
    const answers = element('fieldset', '', element('legend', 'unseen', t('answers')));
    for (const answer of ANSWERS) {
      const radio = element('input');
      Object.assign(radio, { type: 'radio', name: id, id: `card-${id}-${answer}`, checked: said === answer, disabled: Boolean(seen) });
      radio.addEventListener('change', () => { this.#said.set(id, answer); this.show(); });
      const label = element('label', seen && answer === right ? 'good' : '', radio, ` ${t(`card_${id}_${answer}`)}${seen && answer === right ? ' ✓' : ''}`);
      answers.append(label);
    }
    const press = element('button', 'primary', t(this.#running === id ? 'running' : 'press'));
    Object.assign(press, { type: 'button', id: `card-${id}`, disabled: !said || this.#running !== null || (faulty && !hasKey) });
    press.addEventListener('click', () => this.#run(card));
    box.append(answers, press);
    if (hasKey) {
      const ask = element('button', '', t('card_ask'));
      Object.assign(ask, { type: 'button', id: `ask-${id}` });
      ask.addEventListener('click', () => askCard(card));
      box.append(' ', ask);
    }
    if (faulty && !hasKey) box.append(element('p', 'remark', t('needs_key')));
    if (seen) {
      box.append(
        element('p', said === right ? 'good' : 'bad', t(said === right ? 'guessed' : 'not_guessed')),
        element('p', '', t(`card_${id}_why`), ' ', element('span', 'section', section)),
        element('p', '', file(id)),
        element('p', 'seen', t('page_saw', { seen: visible(seen.join(' · ') || t('page_saw_nothing'), 300) })),
      );
    }
    return box;
  }

  async #run(card) {
    this.#running = card.id;
    this.#done.delete(card.id);
    this.show();
    let seen;
    try { seen = await this.#lab.run(card); } catch (error) { seen = [error.message]; }
    this.#done.set(card.id, seen);
    this.#running = null;
    this.show();
  }
}
