// Follows each WebSocket of a session through its events: who it is, how it does, how it ended.
// It knows no page.

/** Closed connections that are remembered; the oldest are forgotten first. */
const CLOSED_KEPT = 500;
/** Letters of a name that are shown. */
const NAME_LIMIT = 32;

/** `sockets` is a map of plain objects by name (`c1`), so that a copy of all is cheap. */
export class Sockets {
  byName = new Map();

  /** A copy that goes on by itself. */
  copy() {
    const copy = new Sockets();
    copy.byName = structuredClone(this.byName);
    return copy;
  }

  /** Takes the next event of the session. */
  take(event) {
    if (!event.socket) return;
    if (event.event === 'request') this.#asked(event);
    const socket = this.byName.get(event.socket) ?? this.#asked(event);
    socket.last = event.n;
    switch (event.event) {
      case 'answer': answered(socket, event); break;
      case 'frame': framed(socket, event); break;
      case 'end': this.#ended(socket, event); break;
      case 'fault': this.#broken(socket, event); break;
      case 'unreachable':
      case 'full': socket.state = 'refused'; socket.status = event.status; break;
      case 'missed': socket.frames[event.from] += event.frames; socket.bytes[event.from] += event.bytes; break;
    }
  }

  #asked(event) {
    const { target = '', headers = [] } = event.request ?? {};
    const socket = {
      name: event.socket, person: '', path: target.split('?')[0], target, subprotocol: '', status: null,
      state: 'asking', since: event.time, last: event.n, fault: null,
      frames: { client: 0, server: 0 }, bytes: { client: 0, server: 0 },
      close: { client: null, server: null }, ends: [], pings: {}, delay: null,
      request: event.request ?? null, offered: header(headers, 'sec-websocket-protocol'), answer: null,
    };
    this.byName.set(event.socket, socket);
    return socket;
  }

  #ended(socket, { from, error }) {
    socket.ends.push({ from, error });
    const closed = socket.close.client && socket.close.server;
    if (socket.state !== 'refused') socket.state = closed ? 'closed' : 'lost';
    this.#forget();
  }

  /** After a reset nothing more is told of the connection. */
  #broken(socket, { fault }) {
    socket.fault = fault;
    if (!fault.startsWith('reset')) return;
    socket.state = 'lost';
    this.#forget();
  }

  #forget() {
    const over = [...this.byName.values()].filter(({ state }) => state === 'closed' || state === 'lost' || state === 'refused');
    for (const { name } of over.slice(0, Math.max(0, over.length - CLOSED_KEPT))) this.byName.delete(name);
  }
}

function answered(socket, { status, headers }) {
  socket.status = status;
  socket.answer = { status, headers: headers ?? [] };
  socket.state = status === 101 ? 'open' : 'refused';
  socket.subprotocol = header(headers ?? [], 'sec-websocket-protocol');
}

function framed(socket, event) {
  const { from, kind } = event;
  socket.frames[from] += 1;
  socket.bytes[from] += event.length;
  if (kind === 'close') {
    socket.close[from] = { code: event.code ?? null, reason: event.reason ?? '', fault: event.fault ?? null };
    if (socket.state === 'open') socket.state = 'closing';
  }
  if (kind === 'ping') socket.pings = { from, payload: event.text ?? event.base64, at: Date.parse(event.time) };
  if (kind === 'pong' && socket.pings.from !== from && socket.pings.payload === (event.text ?? event.base64)) {
    socket.delay = Date.parse(event.time) - socket.pings.at;
    socket.pings = {};
  }
  if (kind === 'text') socket.person = person(event) || socket.person;
}

/** The name that somebody chose, where a message says it: `hello`, `join` and `rename` ask for one, and
 *  `welcome` tells what the server made of it. */
function person({ from, text }) {
  if (!text?.startsWith('{') || !text.includes('"username"')) return '';
  let said;
  try { said = JSON.parse(text); } catch { return ''; }
  const asks = from === 'client' && ['hello', 'join', 'rename'].includes(said.type);
  const told = from === 'server' && said.type === 'welcome';
  const name = (asks && said.username) || (told && (said.user?.username ?? said.username));
  return typeof name === 'string' ? [...name].slice(0, NAME_LIMIT).join('') : '';
}

/** The value of a header in a list of pairs; '' if there is none. */
export function header(headers, wanted) {
  return headers.find(([name]) => name.toLowerCase() === wanted)?.[1] ?? '';
}
