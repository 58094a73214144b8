// A list of which one line is chosen, by mouse or by keyboard (the ARIA pattern "listbox").

import { element } from './element.js';
import { language } from './i18n.js';

/** Lines stay in the page while they are wanted, so a choice or a selected text is not lost when others come. */
export class Listbox {
  #list; #make; #update; #choose; #id;
  #chosen = null;
  #language = language;

  /** `make(item)` fills a new line, `update(line, item)` an old one; `choose(key)` is told. */
  constructor(list, { make, update, choose }) {
    [this.#list, this.#make, this.#update, this.#choose] = [list, make, update, choose];
    this.#id = list.id;
    list.setAttribute('role', 'listbox');
    list.tabIndex = 0;
    list.addEventListener('click', ({ target }) => {
      const line = target.closest('[role="option"]');
      if (line) this.#pick(line);
    });
    list.addEventListener('keydown', (event) => this.#key(event));
  }

  /** Shows these items, which are `[key, item]`, in this order; `chosen` is a key or null. */
  show(items, chosen) {
    if (this.#language !== language) this.#list.replaceChildren(); // its words are of the other one
    this.#language = language;
    const wanted = new Set(items.map(([key]) => key));
    for (const line of [...this.#list.children]) {
      if (!wanted.has(line.dataset.key)) line.remove();
    }
    const known = new Map([...this.#list.children].map((line) => [line.dataset.key, line]));
    let next = this.#list.firstElementChild;
    for (const [key, item] of items) {
      const old = known.get(key);
      if (old) this.#update?.(old, item);
      const line = old ?? this.#line(key, item);
      if (line === next) next = next.nextElementSibling;
      else this.#list.insertBefore(line, next);
      line.setAttribute('aria-selected', String(key === chosen));
    }
    this.#mark(chosen, wanted.has(chosen));
  }

  #line(key, item) {
    const line = element('li');
    line.dataset.key = key;
    line.id = `${this.#id}-${key}`;
    line.setAttribute('role', 'option');
    this.#make(line, item);
    return line;
  }

  #mark(chosen, shown) {
    if (shown) this.#list.setAttribute('aria-activedescendant', `${this.#id}-${chosen}`);
    else this.#list.removeAttribute('aria-activedescendant');
    if (shown && chosen !== this.#chosen) this.#reveal(this.#list.querySelector('[aria-selected="true"]'));
    this.#chosen = chosen;
  }

  /** Scrolls the list, and never the page, as `scrollIntoView` would. */
  #reveal(line) {
    const [outer, inner] = [this.#list, line].map((box) => box.getBoundingClientRect());
    if (inner.top < outer.top) this.#list.scrollTop -= outer.top - inner.top;
    else if (inner.bottom > outer.bottom) this.#list.scrollTop += inner.bottom - outer.bottom;
  }

  #key(event) {
    const lines = [...this.#list.children];
    const at = lines.findIndex(({ dataset }) => dataset.key === this.#chosen);
    const to = {
      ArrowDown: Math.min(at + 1, lines.length - 1),
      ArrowUp: at < 0 ? lines.length - 1 : Math.max(at - 1, 0),
      Home: 0,
      End: lines.length - 1,
    }[event.key];
    if (to === undefined || !lines[to]) return;
    event.preventDefault();
    this.#pick(lines[to]);
  }

  /** The next key counts from here, even if it comes before the list is shown again. */
  #pick(line) {
    this.#chosen = line.dataset.key;
    this.#reveal(line);
    this.#choose(line.dataset.key);
  }
}
