// The teacher's panel: faults, the server, and frames that wait for a person.

import { command } from './commands.js';
import { element } from './element.js';
import { FAULTS, ruleFor } from './faults.js';
import { Holds } from './holds.js';
import { showKeys } from './keys.js';
import { setText, t } from './i18n.js';

export class Teacher {
  #panel; #active; #hint; #holds;
  #selected = null;

  constructor(panel) {
    this.#panel = panel;
    this.#active = panel.querySelector('.active');
    this.#hint = panel.querySelector('[role="alert"]');
    const buttons = FAULTS.map((fault) => {
      const button = element('button', 'breaks');
      button.type = 'button';
      button.setAttribute('aria-keyshortcuts', fault.key);
      button.dataset.fault = fault.id;
      button.append(setText(element('span'), `fault_${fault.id}`));
      button.addEventListener('click', () => this.#tell('POST', 'faults', { fault: ruleFor(fault, this.#fields()), now: Boolean(fault.once) }));
      button.addEventListener('pointerenter', () => { button.title = ruleFor(fault, this.#fields()); });
      return button;
    });
    panel.querySelector('.faults').append(...buttons);
    panel.querySelector('#hold').addEventListener('click', () => {
      const { kind, from, target, name, path } = this.#fields();
      const on = { one: name, path }[target];
      this.#tell('POST', 'holds', { kind, ...(from !== 'both' && { from }), ...(on && { on }) });
    });
    panel.querySelector('#undoAll').addEventListener('click', () => this.#tell('DELETE', 'faults'));
    for (const button of panel.querySelectorAll('[data-server]')) {
      button.addEventListener('click', () => this.#tell('POST', 'server', { do: button.dataset.server }));
    }
    this.#holds = new Holds(panel, (...told) => this.#tell(...told));
    showKeys(panel);
  }

  show({ selected, sockets, told }) {
    // A fault that acted at once is over.
    this.#showActive((told?.faults ?? []).filter(({ now }) => !now));
    this.#holds.show(told?.faults ?? []);
    const was = this.#selected?.name;
    this.#selected = sockets.get(selected) ?? null;
    const one = this.#panel.querySelector('#targetOne');
    one.textContent = this.#selected ? t('target_one', { name: this.#selected.name }) : t('target_none');
    one.previousElementSibling.disabled = !this.#selected;
    // A connection that is chosen is the one that is meant.
    if (was !== this.#selected?.name) this.#panel.querySelector(`[name="target"][value="${this.#selected ? 'one' : 'all'}"]`).checked = true;
  }

  #fields() {
    const fields = Object.fromEntries(new FormData(this.#panel.querySelector('form')));
    return { ...fields, name: this.#selected?.name, path: this.#selected?.path };
  }

  async #tell(...told) {
    try {
      await command(...told);
      this.#hint.textContent = '';
    } catch (error) {
      this.#hint.textContent = t('refused', { why: error.message });
    }
  }

  /** The rules that are in force, each with a button that takes it back. */
  #showActive(list) {
    const shown = JSON.stringify([list, t('undo')]);
    if (this.#active.dataset.shown === shown) return;
    this.#active.dataset.shown = shown;
    this.#active.replaceChildren(...list.map(({ id, fault }) => {
      const undo = element('button', '', '✕');
      undo.type = 'button';
      undo.setAttribute('aria-label', t('undo_one', { fault }));
      undo.addEventListener('click', () => this.#tell('DELETE', `faults/${encodeURIComponent(id)}`));
      return element('li', 'fault', `⚡ ${fault} `, undo);
    }));
  }
}
