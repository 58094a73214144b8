// The question to the class: what is asked, how many have answered, and who was right once the vote is over.

import { element } from './element.js';
import { render } from './markdown.js';
import { language, t } from './i18n.js';

const LETTERS = ['A', 'B', 'C'];

/** A text that the tap told in both languages, as elements. */
export function told(said) {
  return render(String(said?.[language] ?? said?.en ?? '')).flatMap((block) => [...block.childNodes]);
}

export class QuestionView {
  #place; #shown = '';

  constructor(place) {
    this.#place = place;
  }

  /** Shows the question, or that there is none. */
  show(question) {
    const shown = JSON.stringify([language, question]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    if (!question) {
      this.#place.replaceChildren(element('p', 'empty', t('question_none')));
      return;
    }
    const { ask, answers, votes, open, tally, right, why } = question;
    const list = element('ol', 'answers', ...answers.map((answer, at) => this.#answer(answer, at, { open, votes, right, count: tally?.[at] ?? 0 })));
    const state = open
      ? t('question_votes', { count: votes })
      : t('question_right', { count: tally?.[right] ?? 0, all: String(votes) });
    this.#place.replaceChildren(
      element('p', 'asked', ...told(ask)),
      list,
      element('p', 'count', state),
      ...(open ? [] : [element('p', 'reason', ...told(why))]),
    );
  }

  #answer(answer, at, { open, votes, right, count }) {
    const isRight = !open && at === right;
    const line = element('li', isRight ? 'right' : '', element('b', 'letter', LETTERS[at]), element('span', '', ...told(answer)));
    if (open) return line;
    const bar = element('meter');
    Object.assign(bar, { min: 0, max: Math.max(1, votes), value: count });
    bar.setAttribute('aria-hidden', 'true');
    line.append(element('b', 'votes', `${isRight ? '✓ ' : ''}${count}`), bar);
    return line;
  }
}
