// The lesson's text, in the language of the page.

import { element } from './element.js';
import { render } from './markdown.js';
import { language, t } from './i18n.js';

export class Lesson {
  #place; #shown = null;

  constructor(section) {
    this.#place = section;
  }

  /** Loads the text, once for each language, when somebody looks. */
  async show() {
    if (this.#place.hidden || this.#shown === language) return;
    this.#shown = language;
    try {
      const response = await fetch(`/class/lesson.md?lang=${language}`);
      if (!response.ok) throw new Error();
      this.#place.replaceChildren(...render(await response.text()));
    } catch {
      this.#shown = null;
      this.#place.replaceChildren(element('p', 'empty', t('no_lesson')));
    }
    this.#place.scrollTop = 0;
  }
}
