// Every button has a key: the one that its `aria-keyshortcuts` names. A key clicks the button.
//
// The key is known by its place on the keyboard, so it works in a Russian layout as well.

import { element } from './element.js';

const WORDS = { Space: 'Space', Escape: 'Escape', ArrowLeft: 'ArrowLeft', ArrowRight: 'ArrowRight', Slash: '?' };

addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || (event.repeat && !event.code.startsWith('Arrow'))) return;
  if (event.target.closest('input, textarea, select, dialog[open] form')) return;
  // Escape closes the dialog that is open.
  if (event.code === 'Escape' && event.target.closest('dialog')) return;
  // Space presses the button that has the focus.
  if (event.code === 'Space' && event.target.closest('button, a, summary')) return;
  const key = WORDS[event.code] ?? /^(?:Key|Digit)(.)$/.exec(event.code)?.[1].toLowerCase();
  const buttons = [...document.querySelectorAll('[aria-keyshortcuts]')];
  const button = buttons.find((it) => it.getAttribute('aria-keyshortcuts') === key && it.checkVisibility());
  if (!button || button.disabled) return;
  event.preventDefault();
  button.click();
});

/** Shows the key of each button on it. */
export function showKeys(within = document) {
  for (const button of within.querySelectorAll('[aria-keyshortcuts]:not(.keyless)')) {
    if (button.querySelector('kbd')) continue;
    const key = element('kbd', '', keyName(button));
    key.setAttribute('aria-hidden', 'true');
    button.append(' ', key);
  }
}

/** Opens the list of all keys: those of the buttons that can be seen. */
export function listKeys(dialog) {
  const buttons = [...document.querySelectorAll('[aria-keyshortcuts]')].filter((button) => button.checkVisibility());
  dialog.querySelector('dl').replaceChildren(...buttons.flatMap((button) => {
    const words = button.getAttribute('aria-label') ?? button.querySelector('span').textContent;
    return [element('dt', '', keyName(button)), element('dd', '', words)];
  }));
  dialog.showModal();
}

/** The key of a button, as it is written on keyboards. */
function keyName(button) {
  const key = button.getAttribute('aria-keyshortcuts');
  return { Space: '␣', Escape: 'Esc', ArrowLeft: '←', ArrowRight: '→' }[key] ?? key.toUpperCase();
}
