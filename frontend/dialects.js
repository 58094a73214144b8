// How the page speaks with a server: one object for each protocol.
//
// `chat.js` knows one set of events: welcome, message, ack, user_joined, user_left, presence, typing,
// system, pong, error. A dialect puts what the page wants to say into the server's words,
// and turns what the server says into those events.
//
//   path, protocols        where to connect, and what to offer
//   names, pings, reloads  what it can do
//   hello(me)              what to say first; nothing where the server speaks first
//   opened()               events that happen by themselves once the connection is open
//   message, typing, rename, ping   what to send: a text, or an object for JSON
//   change(request)        what to send to edit, to react, or to keep order: the request itself, or nothing
//   presence(state)        what to send when the person is away, or back
//   history                what to send for a part of the history, where every lasting event has a number
//   hear(text)             the events in a text of the server

import { room as asked } from './address.js';
import { makeId } from './outbox.js';
import { recall, remember } from './tab.js';

const short = (id) => String(id ?? '').slice(0, 6);

function parsed(text) {
  try { return JSON.parse(text); } catch { return undefined; } // not JSON, not for us
}

/** For a server without receipts: a text that comes back confirms the oldest line with that text. */
class Sent {
  #lines = [];
  add(line) { this.#lines.push(line); if (this.#lines.length > 100) this.#lines.shift(); }
  take(content) {
    const at = this.#lines.findIndex((line) => line.content === content);
    return at < 0 ? undefined : this.#lines.splice(at, 1)[0].id;
  }
  clear() { this.#lines = []; }
}

/** A random id of this tab for all its connections, by which the server recognises a line that is sent again. */
const session = recall('session') ?? makeId() + makeId();
remember('session', session);

const base = {
  path: '/ws',
  protocols: [],
  names: false, // whether a name can be chosen
  people: false, // whether the server tells who is here
  counts: false, // whether it tells at least how many
  pings: false, // whether it answers the page's own pings
  resends: false, // whether it knows a line that comes twice
  privates: false, // whether a message may be for one person
  rooms: false, // whether it has rooms and tells of them
  reloads: false, // whether it tells a page that was reloaded what it showed before
  oneByOne: false, // whether it refuses lines without saying which
  hello: () => null,
  opened: () => [],
  presence: () => null,
  change: () => null,
  typing: () => null,
  rename: () => null,
  ping: () => null,
};

/** The canonical protocol: its events are the page's own. */
function canonical() {
  let since = 0;
  let name = asked || 'general'; // of the room

  /** The events that were missed follow a welcome. They must not be taken for events shown before. */
  function welcome(event) {
    const [here] = event.rooms ?? [];
    name = here?.room ?? name;
    if (typeof here?.recovered !== 'boolean') return event;
    const { recovered } = here;
    return { ...event, recovered, replays: true, rooms: [{ ...here, seq: recovered ? since : null }] };
  }

  return {
    ...base,
    protocols: ['ws101.chat.v1'],
    names: true,
    people: true,
    pings: true,
    resends: true,
    reloads: true,
    rooms: true,
    query: () => (asked ? { room: asked } : {}),
    presence: (state) => ({ type: 'presence', state }),
    hello({ username, lang, token = null, room: { epoch, seq } = {} }) {
      since = seq;
      const resume = epoch && { resume: { [name]: { epoch, seq } } };
      return { type: 'hello', v: 1, ...(username && { username }), lang, client: 'ws101 page', caps: ['rooms'], session, token, ...resume };
    },
    privates: true,
    message: ({ id, content, to, reply }) => ({ type: 'message', id, content, ...(to && { to: [to.id] }), ...(reply && { reply_to: reply }) }),
    change: (request) => request,
    typing: () => ({ type: 'typing', active: true }),
    rename: (username, id) => ({ type: 'rename', username, id }),
    ping: (timestamp) => ({ type: 'ping', timestamp }),
    history: (part) => ({ type: 'history', ...part }),
    hear: (text) => [parsed(text)].flat() // one object, or an array of them
      .map((event) => (event?.type === 'welcome' ? welcome(event) : event)),
  };
}

/** `node_chat`: `user` and `system`, each with a `content`. */
function nodeChat() {
  const sent = new Sent();
  let greeted = false;
  return {
    ...base,
    opened: () => { greeted = false; sent.clear(); return []; },
    message: (line) => { sent.add(line); return { type: 'user', content: line.content }; },
    hear(text) {
      const { type, content, username, timestamp } = parsed(text) ?? {};
      if (typeof content !== 'string') return [];
      if (type !== 'user') {
        const notice = { type: 'system', content, timestamp };
        if (greeted) return [notice];
        greeted = true;
        return [{ type: 'welcome', user: { id: 'me', username: '' } }, notice];
      }
      const id = sent.take(content);
      return [{ type: 'message', id, user: { id: id ? 'me' : 'other' }, username, content, timestamp }];
    },
  };
}

/** `broadcast_server`: `echo` for the sender, `broadcast` for the others. */
function broadcastServer() {
  const sent = new Sent();
  return {
    ...base,
    counts: true,
    oneByOne: true,
    opened: () => { sent.clear(); return []; },
    message: (line) => { sent.add(line); return { type: 'message', message: line.content }; },
    hear(text) {
      const said = parsed(text) ?? {};
      const { clientId, clientsCount: count, message: content, timestamp } = said;
      const user = { id: clientId, username: short(clientId) };
      switch (said.type) {
        case 'welcome': return [{ type: 'welcome', user, count, timestamp }];
        case 'client_connected': return [{ type: 'user_joined', user, count, timestamp }];
        case 'client_disconnected': return [{ type: 'user_left', user, count, timestamp }];
        case 'echo': return [{ type: 'message', id: sent.take(content), user, username: user.username, content, timestamp }];
        case 'broadcast': return [{ type: 'message', user: { id: said.from }, username: short(said.from), content, timestamp }];
        case 'system': return [systemEvent(said)];
        default: return [];
      }
    },
  };
}

function systemEvent({ event, message, stats, joined, left, clientsCount: count, timestamp }) {
  if (event === 'presence') return { type: 'presence', joined, left, count, timestamp };
  if (event === 'error') {
    // `broadcast_server` has no code for an error, only words: those of our server are known.
    const [, seconds] = /^too fast: wait (\d+) s$/.exec(message) ?? [];
    return { type: 'error', message, ...(seconds && { code: 'rate_limited', retry_after_ms: seconds * 1000 }) };
  }
  const told = { type: 'system', event, timestamp };
  if (event === 'heartbeat') {
    told.stats = { connections: stats?.activeConnections, rss_bytes: stats?.memory?.rssBytes, uptime_ms: stats?.uptime * 1000 };
  } else if (event !== 'shutdown') {
    told.content = message;
  }
  return told;
}

/** `reconnect`: `connection_established`, ping and pong; where there are messages, they can be resumed. */
function reconnect() {
  let since = 0;
  return {
    ...base,
    pings: true,
    resends: true,
    query({ epoch, seq }) {
      since = seq;
      return { session, ...(epoch && { epoch, since: seq }) };
    },
    message: ({ id, content }) => ({ type: 'message', id, content }),
    ping: (timestamp) => ({ type: 'ping', timestamp }),
    hear(text) {
      const said = parsed(text) ?? {};
      const { connectionId, epoch, seq, recovered, timestamp } = said;
      const user = { id: connectionId, username: said.username ?? short(connectionId) };
      switch (said.type) {
        case 'connection_established': {
          // The missed messages follow. They must not be taken for messages shown before.
          const room = { epoch, seq: recovered ? since : seq ?? 0 };
          return [{ type: 'welcome', user, rooms: [room], recovered, timestamp }];
        }
        case 'message': return [{ ...said, user, username: user.username }];
        case 'pong': return [said];
        case 'error': return [said];
        case 'system': return [systemEvent(said)];
        default: return [];
      }
    },
  };
}

/** The same for a server that lists its connections and says nothing else. */
function connections() {
  return { ...reconnect(), resends: false, lists: true, query: undefined };
}

/** `note`: plain text, which the server answers. */
function note() {
  const sent = new Sent();
  return {
    ...base,
    path: '/chat',
    opened: () => { sent.clear(); return [{ type: 'welcome', user: { id: 'me', username: '' } }]; },
    message: (line) => { sent.add(line); return line.content; },
    hear(text) {
      const id = sent.take(text.replace(/^Принято: /u, ''));
      return [...(id ? [{ type: 'ack', id }] : []), { type: 'message', user: { id: 'server' }, content: text }];
    },
  };
}

/** `python_chat`: `join` with a name, then `message` and `typing`. */
function pythonChat() {
  const sent = new Sent();
  let me = '';
  const user = (username) => ({ id: username, username });
  return {
    ...base,
    names: true,
    people: true,
    asks: true, // for a name, before anything else
    oneByOne: true,
    opened: () => { me = ''; sent.clear(); return []; },
    hello: ({ username }) => username && { type: 'join', username },
    message: (line) => { sent.add(line); return { type: 'message', message: line.content }; },
    typing: () => ({ type: 'typing', is_typing: true }),
    hear(text) {
      const said = parsed(text) ?? {};
      const { username, users, timestamp } = said;
      const members = users?.map(user);
      const count = said.count ?? members?.length; // a long list is cut
      switch (said.type) {
        case 'welcome':
          me = username;
          return [{ type: 'welcome', user: user(username), rooms: [{ members, count }], timestamp }];
        case 'user_joined':
        case 'user_left':
          if (Number.isInteger(said.joined)) { // many came and went: one event, and the list
            return [{ type: 'presence', full: true, users: members, joined: said.joined, left: said.left, count, timestamp }];
          }
          return [{ type: said.type, user: user(username), members, count, timestamp }];
        case 'message': {
          const content = said.content ?? said.message;
          const id = username === me ? sent.take(content) : undefined;
          return [{ type: 'message', id, user: user(username), username, content, timestamp }];
        }
        case 'typing': return [{ type: 'typing', user: user(username), active: said.is_typing !== false }];
        case 'system': return [systemEvent(said)];
        case 'error': return [said];
        default: return [];
      }
    },
  };
}

/** The dialects by the names that servers and `?dialect=` use. */
const DIALECTS = new Map(Object.entries({
  canonical, node_chat: nodeChat, broadcast_server: broadcastServer, reconnect, note, python_chat: pythonChat, connections,
}));

/** Older spellings of the names. */
const OLD_NAMES = new Map(Object.entries({
  v1: 'canonical', '000': 'node_chat', '001': 'broadcast_server', '002': 'reconnect', '003': 'note', '004': 'python_chat',
}));

/** The dialect to speak: the one that `?dialect=` names, or else the one that the server names. */
export async function chooseDialect() {
  const param = new URLSearchParams(location.search).get('dialect');
  const asked = OLD_NAMES.get(param) ?? param;
  if (DIALECTS.has(asked)) return { ...DIALECTS.get(asked)(), asked };
  try {
    const { dialect } = await (await fetch('/dialect.json', { cache: 'no-store' })).json();
    return (DIALECTS.get(OLD_NAMES.get(dialect) ?? dialect) ?? canonical)();
  } catch { // a server of somebody's own
    return canonical();
  }
}
