// Asks the server for changes to messages, and says so if it refuses.

import * as changes from './changes.js';
import * as log from './log.js';
import { makeId } from './outbox.js';
import * as target from './target.js';
import * as teacher from './teacher.js';
import { hint, messageInput } from './view.js';

const asked = new Map(); // requests that have no answer, by id
let send;
let within; // how long a message may be edited

/** `send(request)` is false if there is no connection; `within()` is how many milliseconds a message may be edited. */
export function begin(me, options) {
  ({ send, within } = options);
  changes.begin(me, { edit: mayEdit, remove: (line) => isMine(line) || teacher.teaches }, {
    react: (seq, emoji, active) => ask({ type: 'react', seq, emoji, active }),
    reply: target.asReply,
    edit: target.asEdit,
    remove: (seq) => ask({ type: 'delete', seq }),
    leave: () => messageInput.focus(),
  });
}

export function edit(seq, content) {
  ask({ type: 'edit', seq, content });
}

function ask(request) {
  const id = makeId();
  if (send({ ...request, id })) asked.set(id, request);
  else hint('unsent');
}

/** The server did it. False if this is no answer to such a request. */
export function done({ id }) {
  const request = asked.get(id);
  asked.delete(id);
  if (request?.type === 'edit' && target.current().edit === request.seq) target.forEverybody();
  return Boolean(request);
}

/** The server did not do it. An edit keeps its text. */
export function refused(error) {
  if (!asked.delete(error.ref)) return false;
  hint('not_changed', { reason: log.complaint(error) });
  return true;
}

/** The connection broke: whether a request arrived is not known. */
export function broke() {
  asked.clear();
}

function isMine(line) {
  return line.classList.contains('own');
}

function mayEdit(line) {
  return isMine(line) && Date.now() - new Date(line.querySelector('time').dateTime) < within();
}

// ArrowUp in an empty field edits the last message.
messageInput.addEventListener('keydown', (event) => {
  if (event.key !== 'ArrowUp' || messageInput.value) return;
  const line = log.lastOwn();
  if (!line || !mayEdit(line)) return;
  event.preventDefault();
  target.asEdit(Number(line.dataset.seq), line.querySelector('.text').textContent);
});
