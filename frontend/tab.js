// The memory of this tab over a reload, for each room. A copy of the tab has it too.

import { inRoom } from './address.js';

/** What was remembered under this name; null if nothing was, or if the browser forbids storage. */
export function recall(key) {
  try { return JSON.parse(sessionStorage.getItem(`ws101.${inRoom(key)}`)); } catch { return null; }
}

export function remember(key, value) {
  try { sessionStorage.setItem(`ws101.${inRoom(key)}`, JSON.stringify(value)); } catch { /* forgets */ }
}
