// The list of connections that the server keeps, for the person who runs the server.

import { setText, showTime, words } from './i18n.js';

const EVERY = 2_000; // milliseconds between two looks, while somebody looks
const SOON = 200; // the same, until this page's own line can be there

const list = document.querySelector('#list');

/** Shows the list, and goes on showing it; `me()` is this page's own connection. */
export function showList(me) {
  list.hidden = false;
  look(me);
}

async function look(me) {
  if (document.visibilityState === 'visible') await refresh(me);
  setTimeout(() => look(me), me() ? EVERY : SOON);
}

async function refresh(me) {
  let connections;
  let count;
  try {
    const response = await fetch('/connections', { cache: 'no-store' });
    // The server sends this list only to its own computer.
    if (!response.ok) return list.replaceChildren(words('list_elsewhere'));
    connections = await response.json();
    count = Number(response.headers.get('x-total-count')) || connections.length; // a long list is cut
  } catch {
    return; // the status line says that the server is away
  }
  if (connections.length === 0) return me() && list.replaceChildren(words('list_empty'));
  const table = document.createElement('table');
  const head = table.createTHead().insertRow();
  for (const key of ['connection_id', 'client_ip', 'user_agent', 'since']) {
    head.append(setText(document.createElement('th'), key));
  }
  const body = table.createTBody();
  for (const { connectionId, clientIP, userAgent, since } of connections) {
    const row = body.insertRow();
    const id = document.createElement('code');
    id.textContent = String(connectionId).slice(0, 8);
    row.insertCell().append(id);
    if (connectionId === me()) {
      row.setAttribute('aria-current', 'true');
      id.after(' · ', words('you'));
    }
    row.insertCell().textContent = clientIP;
    row.insertCell().textContent = userAgent;
    const time = document.createElement('time');
    showTime(time, new Date(since));
    row.insertCell().append(time);
  }
  const more = count - connections.length;
  list.replaceChildren(table, ...(more > 0 ? [words('more_people', { count: more })] : []));
}
