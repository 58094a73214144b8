// The room, and which person of this browser, as the address of the page names them.

const [, named] = /^\/r\/([^/]+)$/.exec(location.pathname) ?? [];

/** The room that the address asks for; '' is the first one. */
export const room = named ? decoded(named).normalize('NFC').toLowerCase() : '';

/** All tabs of a browser are one person. `?person=2` makes a tab another one. */
export const person = new URLSearchParams(location.search).get('person') ?? '';

/** A key for what is remembered in this room only. */
export function inRoom(key) {
  return room ? `${key}.${room}` : key;
}

/** The address of a room, in the same language and as the same person. */
export function linkTo(name) {
  return `${name === 'general' ? '/' : `/r/${encodeURIComponent(name)}`}${location.search}`;
}

function decoded(text) {
  try { return decodeURIComponent(text); } catch { return text; }
}
