// The target of the next message: everybody or one person, an answer to a message, or another text for one.

import { name } from './i18n.js';
import { messageInput, showTarget } from './view.js';

/** At most one of `to` (a person), `reply` and `edit` (numbers of messages). */
let target = {};
let draft = ''; // what was being written before an edit began

export function current() {
  return target;
}

export function forEverybody() {
  aim({});
}

export function forPerson(to) {
  aim({ to }, 'private_to', { name: name(to.username) });
}

export function asReply(reply, author) {
  aim({ reply }, 'reply_to', { name: author });
}

/** The text of the message goes into the field; the draft comes back after it. */
export function asEdit(edit, text) {
  const before = 'edit' in target ? draft : messageInput.value;
  aim({ edit }, 'editing');
  draft = before;
  write(text);
}

function aim(next, key, values) {
  const wasEdit = 'edit' in target;
  target = next;
  showTarget(key, values);
  if (wasEdit && !('edit' in next)) write(draft);
  if (key) messageInput.focus();
}

function write(text) {
  messageInput.value = text;
  messageInput.dispatchEvent(new InputEvent('input'));
}

document.querySelector('#target button').addEventListener('click', () => {
  forEverybody();
  messageInput.focus();
});
messageInput.addEventListener('keydown', ({ key }) => { if (key === 'Escape') forEverybody(); });
