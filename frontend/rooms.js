// The list of rooms, and how much is unread in each.
//
// The server counts the messages of a room. The browser remembers how many of them were read, in all its
// tabs: the rest is unread. In a room that was never opened here, nothing is. Each room has an entry of its
// own, because two tabs may write at once.

import { linkTo, room as asked } from './address.js';
import { name, number, showTitle, words } from './i18n.js';
import { recallMine, rememberMine } from './settings.js';

const section = document.querySelector('#rooms');
const list = section.querySelector('ul');
const rooms = new Map(); // by name, as the server told of them
let here = asked || 'general';

/** The page is in this room. */
export function enter(room) {
  here = room;
  document.querySelector('#roomName').textContent = asked ? `# ${room}` : '';
}

/** The server told of all rooms, or of those that have changed. */
export function told(news) {
  for (const room of Array.isArray(news) ? news : []) rooms.set(room.room, room);
  section.hidden = false;
  show();
}

/** A message came in this room. The server does not tell a client that its own room has changed. */
export function counted() {
  const room = rooms.get(here);
  if (room) room.messages += 1;
}

/** So many people are in this room. */
export function peopled(count) {
  const room = rooms.get(here);
  if (!room || room.members === count) return;
  room.members = count;
  show();
}

/** Shows what is unread; `isRead` if the person sees the last message of this room. */
export function show(isRead = false) {
  const mine = rooms.get(here);
  if (mine && (isRead || !readIn(mine))) {
    rememberMine(`read.${here}`, JSON.stringify({ epoch: mine.epoch, messages: mine.messages }));
  }
  let total = 0;
  const open = [...rooms.values()].filter(({ room, members }) => members > 0 || room === here || room === 'general');
  list.replaceChildren(...open.sort((a, b) => a.room.localeCompare(b.room)).map((room) => {
    const unread = unreadIn(room);
    total += unread;
    return row(room, unread);
  }));
  showTitle(total);
}

function readIn({ room }) {
  try { return JSON.parse(recallMine(`read.${room}`)); } catch { return null; }
}

function unreadIn(room) {
  const read = readIn(room);
  if (!read) return 0;
  const { epoch, messages } = room;
  return read.epoch === epoch ? Math.max(0, messages - read.messages) : messages;
}

function row({ room, members }, unread) {
  const item = document.createElement('li');
  const link = document.createElement('a');
  link.href = linkTo(room);
  link.append(name(room));
  if (room === here) link.setAttribute('aria-current', 'page');
  item.append(link, ' ', words('plain', { text: () => number(members) }));
  if (unread) {
    const badge = words('unread', { count: unread });
    badge.className = 'unread';
    item.append(' ', badge);
  }
  return item;
}

document.querySelector('#roomForm').addEventListener('submit', (event) => {
  event.preventDefault();
  const wanted = document.querySelector('#roomInput').value.trim();
  if (wanted) location.href = linkTo(wanted);
});

// Another tab has read something.
addEventListener('storage', () => { if (rooms.size) show(); });
