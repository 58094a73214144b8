// Who is here: beside the chat where there is room, else behind a button.

const wide = matchMedia('(min-width: 56rem)');
const panel = document.querySelector('#panel');
const peopleButton = document.querySelector('#peopleButton');

function showPanel(open) {
  panel.hidden = !open;
  peopleButton.setAttribute('aria-expanded', String(open));
}

peopleButton.addEventListener('click', () => showPanel(panel.hidden));
wide.addEventListener('change', () => showPanel(wide.matches));
document.addEventListener('keydown', ({ key }) => {
  if (key !== 'Escape' || wide.matches || panel.hidden) return;
  showPanel(false);
  peopleButton.focus();
});
showPanel(wide.matches);
