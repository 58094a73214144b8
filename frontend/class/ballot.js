// The question on a phone: three buttons, one vote, and who was right once the vote is over.

import { element } from './element.js';
import { told } from './question.js';
import { language, t } from './i18n.js';

const LETTERS = ['A', 'B', 'C'];

export class Ballot {
  #place;
  #question = null;
  #chosen = new Map(); // the number of a question -> the answer of this phone
  #refused = ''; // why the vote did not count

  constructor(place) {
    this.#place = place;
  }

  /** Takes the question of the class, or `null`. */
  hear(question) {
    if (question?.id !== this.#question?.id) this.#refused = '';
    this.#question = question;
    this.show();
  }

  show() {
    const question = this.#question;
    this.#place.hidden = !question;
    const shown = JSON.stringify([language, question && { ...question, votes: 0 }, this.#chosen.get(question?.id), this.#refused]);
    if (!question || this.#place.dataset.shown === shown) return;
    this.#place.dataset.shown = shown;
    const { id, ask, answers, open, right, why } = question;
    const chosen = this.#chosen.get(id);
    const buttons = answers.map((answer, at) => {
      const button = element('button', !open && at === right ? 'right' : '', element('b', 'letter', LETTERS[at]), element('span', '', ...told(answer)));
      Object.assign(button, { type: 'button', disabled: !open || chosen !== undefined });
      button.setAttribute('aria-pressed', String(chosen === at));
      button.addEventListener('click', () => this.#vote(id, at));
      return button;
    });
    const state = !open ? chosen === undefined ? 'question_over' : chosen === right ? 'guessed' : 'not_guessed'
      : chosen === undefined ? 'question_choose' : 'question_sent';
    this.#place.replaceChildren(
      element('p', 'asked', ...told(ask)),
      ...buttons,
      element('p', !open && chosen === right ? 'good' : 'remark', this.#refused ? t('phone_refused', { why: this.#refused }) : t(state)),
      ...(open ? [] : [element('p', '', ...told(why))]),
    );
  }

  async #vote(question, answer) {
    try {
      const response = await fetch('/class/vote', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ question, answer }),
      });
      const said = await response.json();
      if (!response.ok) throw new Error(String(said.error ?? response.status));
      this.#chosen.set(question, answer);
      this.#refused = '';
    } catch (error) { this.#refused = error.message; }
    this.show();
  }
}
