// The panel of questions: the projector shows the one that is asked, and the teacher chooses it here.

import { command, hasKey } from './commands.js';
import { element } from './element.js';
import { showKeys } from './keys.js';
import { QuestionView, told } from './question.js';
import { language, t } from './i18n.js';
import { texts } from './texts.js';

/** A text of the page in both languages, as the tap takes it. */
const said = (key) => ({ en: texts.en[key], ru: texts.ru[key] });

/** Asks the class what an experiment will do, before somebody presses it. */
export function askCard({ id, right }) {
  return command('POST', 'question', {
    ask: said(`card_${id}_ask`),
    answers: ['a', 'b', 'c'].map((answer) => said(`card_${id}_${answer}`)),
    right: ['a', 'b', 'c'].indexOf(right),
    why: said(`card_${id}_why`),
  });
}

export class Questions {
  #place; #view; #desk; #shown = '';
  #offered = null; // the sentences of the quiz and the mistakes of a server, once they are loaded
  #hint = element('p');

  constructor(place) {
    this.#place = place;
    const view = element('div', 'question');
    view.setAttribute('role', 'status');
    this.#view = new QuestionView(view);
    this.#desk = element('div', 'desk');
    this.#hint.setAttribute('role', 'alert');
    place.append(view, ...(hasKey ? [this.#desk, this.#hint] : []));
  }

  show({ told: now }) {
    if (this.#place.hidden) return;
    this.#view.show(now?.question ?? null);
    if (!hasKey || !now) return;
    const isOpen = Boolean(now.question?.open);
    const shown = JSON.stringify([language, isOpen, Boolean(now.question), now.server, this.#offered !== null]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#load();
    this.#showDesk(now);
  }

  async #load() {
    if (this.#offered) return;
    try { this.#offered = await command('GET', 'question'); } catch (error) { this.#fail(error); }
  }

  #showDesk({ question, server }) {
    const focus = document.activeElement?.id;
    const rows = [];
    if (question) rows.push(this.#button('closeQuestion', t(question.open ? 'question_close' : 'question_away'), '5', () => command('DELETE', 'question'), 'primary'));
    const quiz = (this.#offered?.quiz ?? []).map((sentence, at) => element('li', '', this.#button(`quiz-${at + 1}`, t('question_ask', { number: String(at + 1) }), null, () => command('POST', 'question', { quiz: at + 1 })), element('span', '', ...told(sentence))));
    if (quiz.length) rows.push(element('h3', '', t('question_quiz')), element('ol', 'quiz', ...quiz));
    const mistakes = this.#offered?.broken ?? [];
    if (mistakes.length) {
      const choice = element('select', '', new Option(t('broken_any'), ''), ...mistakes.map(({ check, title }) => new Option(`${check} ${title[language]}`, check)));
      choice.id = 'mistake';
      choice.setAttribute('aria-label', t('broken_choice'));
      rows.push(
        element('h3', '', t('broken')),
        element('p', 'remark', t('broken_help')),
        choice,
        element('p', 'bar',
          this.#button('breakServer', t('broken_start'), '6', () => command('POST', 'broken', choice.value ? { check: choice.value } : {}), 'breaks'),
          ...(server === 'broken' ? [this.#button('mendServer', t('broken_end'), null, () => command('DELETE', 'broken'))] : [])),
      );
    }
    this.#desk.replaceChildren(...rows);
    showKeys(this.#desk);
    if (focus) document.getElementById(focus)?.focus();
  }

  #button(id, words, key, press, classes = '') {
    const button = element('button', classes, element('span', '', words));
    Object.assign(button, { type: 'button', id });
    if (key) button.setAttribute('aria-keyshortcuts', key);
    button.addEventListener('click', async () => {
      button.disabled = true;
      try {
        await press();
        this.#hint.textContent = '';
      } catch (error) { this.#fail(error); }
      button.disabled = false;
    });
    return button;
  }

  #fail(error) {
    this.#hint.textContent = t('refused', { why: error.message });
  }
}
