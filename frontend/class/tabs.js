// The panes beside the wire: one at a time.

/** Makes the buttons show their panes, and shows the first; `changed()` is told. Gives what shows one by name. */
export function tabs(changed) {
  const buttons = document.querySelectorAll('[data-tab]');

  function show(name) {
    for (const { dataset: { tab } } of buttons) document.getElementById(tab).hidden = tab !== name;
    for (const button of buttons) button.setAttribute('aria-pressed', String(button.dataset.tab === name));
    changed();
  }

  for (const button of buttons) button.addEventListener('click', () => show(button.dataset.tab));
  show(buttons[0].dataset.tab);
  return show;
}
