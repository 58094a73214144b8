// Lenses: read what rides on top of WebSocket. They only show; the frame is what it is.
//
// A lens is chosen by the subprotocol or the path of the connection, and JSON by the text itself.
// It gives a summary for the list and lines for the panel, or null where it cannot read.

import { visible } from './describe.js';
import { payloadOf } from './dissect.js';
import { parsed, pretty } from './json.js';
import { readMqtt } from './mqtt.js';
import { readSocketIo } from './socketio.js';
import { readStomp } from './stomp.js';

/** Characters that a lens reads, and lines that it shows. */
const READ = 20_000;
const LINES = 60;

const LENSES = [
  { name: 'Socket.IO', suits: ({ path }) => path.startsWith('/socket.io'), read: ({ text }) => text && readSocketIo(text) },
  { name: 'graphql-transport-ws', suits: ({ subprotocol }) => subprotocol === 'graphql-transport-ws', read: ({ text }) => text && readGraphql(text) },
  { name: 'STOMP', suits: ({ subprotocol }) => /^v1\d\.stomp$/.test(subprotocol), read: ({ text }) => text && readStomp(text) },
  { name: 'MQTT', suits: ({ subprotocol }) => /^mqtt/.test(subprotocol), read: (event) => readMqtt(payloadOf(event)) },
  { name: 'JSON', suits: () => true, read: ({ text }) => text && readJson(text) },
];

/** The lens for a frame, and what it reads there: `{ name, why, summary, lines }`, or null. */
export function lensFor(event, socket) {
  if (event?.event !== 'frame' || event.opcode > 2 || !event.fin || (event.text?.length ?? 0) > READ) return null;
  for (const { name, suits, read } of LENSES) {
    if (!suits(socket ?? { path: '', subprotocol: '' })) continue;
    const found = read(event);
    if (found) return { name, why: name === 'JSON' ? '' : socket.subprotocol || socket.path, summary: visible(found.summary, 120), lines: found.lines.slice(0, LINES).map((line) => visible(line, 400)) };
  }
  return null;
}

/** Many protocols say the kind of a message in `type`. */
function readJson(text) {
  if (!/^\s*[[{]/.test(text)) return null;
  const value = parsed(text);
  if (value === undefined) return null;
  const { type, ...rest } = Array.isArray(value) ? {} : value;
  const summary = typeof type === 'string' ? `${type} ${Object.entries(rest).slice(0, 4).map(([key, it]) => `${key}=${short(it)}`).join(' ')}` : text;
  return { summary, lines: pretty(value) };
}

function readGraphql(text) {
  const { type, id, payload } = parsed(text) ?? {};
  if (typeof type !== 'string') return null;
  const query = typeof payload?.query === 'string' ? payload.query.split('\n') : [];
  return { summary: [type, id && `#${id}`, query[0]].filter(Boolean).join(' '), lines: [...query, ...pretty(payload)] };
}

const short = (value) => {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
};
