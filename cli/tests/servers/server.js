// A server for each of lessons 1 to 15, in Node with `ws`:
//
//     PORT=8080 node server.js --lesson 5
//
// A room says what a lesson is about; below the rooms stands what all of them share.
"use strict";

const http = require("node:http");
const { randomBytes, randomInt, randomUUID } = require("node:crypto");
const { parseArgs } = require("node:util");
const { WebSocketServer } = require("ws");

/** The last lesson that has a room here. */
const LAST = 15;

const { values: flags } = parseArgs({
  options: { lesson: { type: "string", default: String(LAST) }, lessons: { type: "boolean" } },
});
const LESSON = Number(flags.lesson);
if (flags.lessons) {
  console.log(LAST);
  process.exit();
}

const setting = (name, otherwise) => Number(process.env[name] ?? otherwise);
const HEARTBEAT_MS = setting("WS_HEARTBEAT_MS", 25_000);
const PONG_TIMEOUT_MS = setting("WS_PONG_TIMEOUT_MS", 10_000);
const STATS_MS = setting("WS_STATS_MS", 30_000);
const DRAIN_MS = setting("WS_DRAIN_MS", 5_000);
const MAX_QUEUE_BYTES = setting("WS_MAX_QUEUE_BYTES", 1 << 20);
const MAX_MESSAGE_BYTES = setting("WS_MAX_MESSAGE_BYTES", LESSON <= 3 ? 1 << 20 : 64 << 10);
/** How long whoever no longer answers may take to read why it is closed. */
const LINGER_MS = 500;

const now = () => new Date().toISOString();

/** The value of a JSON text; `undefined` if it is none. */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** A name as others will read it; `undefined` if nobody may be called that. */
function nameIn(frame) {
  const name = frame.username ?? frame.name ?? frame.user ?? frame.nickname;
  const trimmed = typeof name === "string" ? name.trim() : "";
  return trimmed !== "" && [...trimmed].length <= 32 ? trimmed : undefined;
}

const textIn = (frame) => frame.content ?? frame.message ?? frame.text;
const isTyping = (frame) => frame.active ?? frame.is_typing ?? frame.isTyping ?? frame.typing ?? true;

// ---- The rooms ----

/** What is said where nothing else is; `members` are those who hear the others. */
class Room {
  members = new Set();

  joined(client) {
    this.members.add(client);
  }

  heard() {}

  left(client) {
    this.members.delete(client);
  }

  toAll(frame) {
    const text = JSON.stringify(frame);
    for (const member of this.members) member.say(text);
  }

  toOthers(client, frame) {
    const text = JSON.stringify(frame);
    for (const member of this.members) if (member !== client) member.say(text);
  }

  stats() {
    const memory = { rssBytes: process.memoryUsage.rss() };
    const stats = { activeConnections: clients.size, memory, uptime: process.uptime() };
    this.toAll({ type: "system", event: "heartbeat", message: "heartbeat", stats, timestamp: now() });
  }

  closing() {
    const message = "Сервер завершает работу";
    this.toAll({ type: "system", event: "shutdown", message, timestamp: now() });
  }
}

/** 1-3: a text comes back with a word before it, bytes as they were. */
class Echo extends Room {
  takesBytes = true;

  heard(client, data, isBinary) {
    client.say(isBinary ? data : `Принято: ${data}`);
  }
}

/** 4: who is here. */
class Connections extends Room {
  joined(client) {
    super.joined(client);
    const message = "WebSocket connection established";
    client.send({ type: "connection_established", connectionId: client.id, timestamp: now(), message });
  }

  heard(client, text) {
    const frame = parse(text);
    if (frame?.type === "ping") {
      client.send({ type: "pong", timestamp: frame.timestamp, serverTime: now() });
    }
  }

  list() {
    return [...this.members].map(({ id, ip, userAgent, since }) => ({
      connectionId: id,
      clientIP: ip,
      userAgent,
      since,
    }));
  }
}

/** 5: everyone hears, whoever spoke too; of what a client sends only the known fields pass. */
class Broadcast extends Room {
  joined(client) {
    super.joined(client);
    client.send({ type: "system", content: "Добро пожаловать в чат!" });
  }

  heard(client, text) {
    const frame = parse(text);
    if (frame?.type !== "user" || typeof frame.content !== "string") return;
    const { type, content, username, timestamp } = frame;
    this.toAll({ type, content, username, timestamp });
  }
}

/** 6-9: an echo for one, a broadcast for the others. */
class EchoBroadcast extends Room {
  joined(client) {
    super.joined(client);
    const who = { clientId: client.id, clientsCount: this.members.size, timestamp: now() };
    client.send({ type: "welcome", message: "Добро пожаловать!", ...who });
    this.toOthers(client, { type: "client_connected", ...who });
  }

  heard(client, text) {
    const value = parse(text);
    const data = value === undefined ? text : value;
    const message = isObject(data) ? textIn(data) : text;
    const timestamp = now();
    client.send({ type: "echo", data, message, clientId: client.id, timestamp });
    this.toOthers(client, { type: "broadcast", data, message, from: client.id, timestamp });
  }

  left(client) {
    super.left(client);
    const clientsCount = this.members.size;
    this.toAll({ type: "client_disconnected", clientId: client.id, clientsCount, timestamp: now() });
  }
}

/** 10: messages are numbered, and whoever comes back hears what was missed. */
class Reconnect extends Room {
  epoch = randomUUID();
  seq = 0;
  kept = [];

  joined(client) {
    const since = Number(client.query.get("since") ?? NaN);
    const oldest = this.seq - this.kept.length;
    const recovered = client.query.get("epoch") === this.epoch && since >= oldest && since <= this.seq;
    const { epoch, seq } = this;
    const connectionId = client.id;
    client.send({ type: "connection_established", connectionId, epoch, seq, recovered, timestamp: now() });
    if (recovered) {
      for (const message of this.kept) if (message.seq > since) client.send(message);
    }
    super.joined(client);
  }

  heard(client, text) {
    const frame = parse(text);
    if (frame?.type === "ping") {
      client.send({ type: "pong", timestamp: frame.timestamp, serverTime: now() });
    } else if (frame?.type === "message" && typeof textIn(frame) === "string") {
      const { id } = frame;
      // Who was not sure that it came needs to hear it; the others have.
      const said = id !== undefined && this.kept.find((message) => message.id === id);
      if (said) return client.send(said);
      const message = { type: "message", seq: ++this.seq, id, content: textIn(frame), timestamp: now() };
      this.kept.push(message);
      if (this.kept.length > 500) this.kept.shift();
      this.toAll(message);
    }
  }
}

/** 11: a visitor becomes a member by a name. */
class NamesAndTyping extends Room {
  joined() {}

  heard(client, text) {
    const frame = parse(text);
    if (typeof frame?.type !== "string") return this.refuse(client, "bad_message", "Это не объект с type");
    const isMember = this.members.has(client);
    switch (frame.type) {
      case "join":
        return this.join(client, nameIn(frame));
      case "message":
      case "typing":
        if (!isMember) return this.refuse(client, "not_joined", "Сначала отправьте join с именем");
        return this[frame.type](client, frame);
      default:
        return this.refuse(client, "unknown_type", `Неизвестный тип: ${frame.type.slice(0, 64)}`);
    }
  }

  join(client, username) {
    if (this.members.has(client)) return this.refuse(client, "bad_message", "Вы уже вошли");
    if (!username) return this.refuse(client, "name_invalid", "Имя: от 1 до 32 знаков");
    const isTaken = this.names().some((name) => name.toLowerCase() === username.toLowerCase());
    if (isTaken) return this.refuse(client, "name_taken", "Имя уже занято");
    client.username = username;
    this.members.add(client);
    const rest = { username, users: this.names(), timestamp: now() };
    client.send({ type: "welcome", message: `Добро пожаловать в чат, ${username}!`, ...rest });
    this.toOthers(client, { type: "user_joined", message: `${username} присоединяется к чату`, ...rest });
  }

  message(client, frame) {
    const content = textIn(frame);
    if (typeof content !== "string") return this.refuse(client, "bad_message", "В сообщении нет текста");
    const { username } = client;
    this.toAll({ type: "message", username, message: content, content, timestamp: now() });
  }

  typing(client, frame) {
    const is_typing = Boolean(isTyping(frame));
    this.toOthers(client, { type: "typing", username: client.username, is_typing });
  }

  left(client) {
    if (!this.members.delete(client)) return;
    const { username } = client;
    const message = `${username} покидает чат`;
    this.toAll({ type: "user_left", username, message, users: this.names(), timestamp: now() });
  }

  names() {
    return [...this.members].map((member) => member.username);
  }

  refuse(client, code, message) {
    client.send({ type: "error", message, code });
  }
}

/** 12: the canonical protocol, `ws101.chat.v1`. */
class FullChat extends Room {
  static HELLO_MS = 10_000;
  static ID = /^[\w-]{1,64}$/;
  static ERRORS = { allowed: 10, withinMs: 60_000 };

  room = "general";
  epoch = randomUUID();
  seq = 0;
  guests = 0;

  joined(client) {
    client.errors = [];
    client.patience = setTimeout(() => client.close(4107, "hello_timeout"), FullChat.HELLO_MS);
  }

  heard(client, text) {
    const frame = parse(text);
    if (frame === undefined) return this.refuse(client, "bad_json", "not JSON");
    if (typeof frame?.type !== "string") {
      return this.refuse(client, "bad_message", "not an object with a type");
    }
    if (frame.id !== undefined && !FullChat.ID.test(frame.id)) {
      return this.refuse(client, "bad_message", "an id is 1 to 64 of A-Z a-z 0-9 _ -");
    }
    const type = frame.type === "user" ? "message" : frame.type;
    if (!["hello", "message", "typing", "rename", "ping", "bye"].includes(type)) {
      return this.refuse(client, "unknown_type", `unknown type ${type.slice(0, 64)}`, frame);
    }
    if (!this.members.has(client) && !["hello", "ping", "bye"].includes(type)) {
      return this.refuse(client, "hello_required", "say hello first", frame);
    }
    this[type](client, frame);
  }

  hello(client, frame) {
    if (this.members.has(client)) return this.refuse(client, "bad_message", "hello was said", frame);
    if (frame.v !== 1) {
      this.refuse(client, "version", "this server speaks version 1", frame);
      return client.close(4002, "version");
    }
    const username = frame.username === undefined ? `Гость ${++this.guests}` : nameIn(frame);
    if (!this.mayBeCalled(client, username, frame)) return;
    clearTimeout(client.patience);
    client.user = { id: `u_${client.id}`, username, color: this.seq % 8, role: "student" };
    this.members.add(client);
    const joined = this.durable({ type: "user_joined", ...this.about(client), count: this.members.size });
    const { room, epoch, seq } = this;
    const members = [...this.members].map((member) => member.user);
    client.send({
      type: "welcome",
      v: 1,
      server: { name: "server.js", version: "1", node: "1" },
      session: { id: client.id, token: randomBytes(32).toString("base64url") },
      user: client.user,
      rooms: [{ room, epoch, seq, topic: "", members, recovered: false, replayed: 0 }],
      limits: { message_bytes: MAX_MESSAGE_BYTES, content: 4000, username: 32 },
      ping_interval: HEARTBEAT_MS,
      time: now(),
    });
    this.toOthers(client, joined);
  }

  message(client, frame) {
    const content = textIn(frame);
    if (typeof content !== "string") return this.refuse(client, "bad_message", "no content", frame);
    if ([...content].length > 4000) return this.refuse(client, "too_long", "at most 4000 characters", frame);
    const id = frame.id ?? randomUUID();
    const message = this.durable({ type: "message", id, ...this.about(client), content });
    this.toAll(message);
    if (frame.id !== undefined) this.acknowledge(client, message);
  }

  typing(client, frame) {
    this.toOthers(client, {
      type: "typing",
      room: this.room,
      ...this.about(client),
      active: Boolean(isTyping(frame)),
      expires_ms: 6000,
    });
  }

  rename(client, frame) {
    const username = nameIn(frame);
    if (!this.mayBeCalled(client, username, frame)) return;
    const params = { from: client.user.username, to: username };
    client.user = { ...client.user, username };
    const content = `${params.from} теперь ${params.to}`;
    const renamed = this.durable({ type: "system", event: "renamed", content, params, user: client.user });
    if (frame.id !== undefined) this.acknowledge(client, { ...renamed, id: frame.id });
    this.toAll(renamed);
  }

  ping(client, frame) {
    client.send({ type: "pong", timestamp: frame.timestamp, server_time: now() });
  }

  bye(client) {
    client.close(1000, "bye");
  }

  left(client) {
    clearTimeout(client.patience);
    if (!this.members.delete(client)) return;
    const count = this.members.size;
    this.toAll(this.durable({ type: "user_left", ...this.about(client), count, reason: "closed" }));
  }

  /** An event that has its place in the order of the room. */
  durable(event) {
    return { ...event, room: this.room, seq: ++this.seq, timestamp: now() };
  }

  about({ user }) {
    return { user, username: user.username };
  }

  acknowledge(client, { id, room, seq, timestamp }) {
    client.send({ type: "ack", id, room, seq, timestamp, duplicate: false });
  }

  mayBeCalled(client, username, frame) {
    const isTaken = [...this.members].some((m) => m !== client && m.user.username === username);
    if (!username) this.refuse(client, "name_invalid", "a name has 1 to 32 characters", frame);
    else if (isTaken) this.refuse(client, "name_taken", "somebody has that name", frame);
    else return true;
    return false;
  }

  refuse(client, code, message, { id } = {}) {
    client.send({ type: "error", code, message, retryable: false, ref: id });
    const { allowed, withinMs } = FullChat.ERRORS;
    client.errors = client.errors.filter((at) => at > Date.now() - withinMs).concat(Date.now());
    if (client.errors.length >= allowed) client.close(1008, "too many errors");
  }

  closing() {
    const content = "Сервер завершает работу";
    this.toAll({ type: "system", event: "shutdown", content, params: {}, timestamp: now() });
  }
}

/** 13: a cookie says whose browser it is, a ticket stands for the cookie once. */
class Sessions extends Room {
  /** How many sessions and tickets are kept, each; the oldest are forgotten. */
  static SECRETS = 1000;

  names = new Map();
  tickets = new Map();

  issue(secrets, owner) {
    if (secrets.size === Sessions.SECRETS) secrets.delete(secrets.keys().next().value);
    const secret = randomBytes(16).toString("hex");
    secrets.set(secret, owner);
    return secret;
  }

  /** The session that the cookie of a request names; `undefined` if there is no such session. */
  sessionIn({ headers }) {
    const cookies = (headers.cookie ?? "").split(";").map((cookie) => cookie.trim().split("="));
    return cookies.find(([name, value]) => name === "session" && this.names.has(value))?.[1];
  }

  /** Gives a client without a session a new one, with the headers of its 101. */
  begin(headers, request) {
    request.session = this.sessionIn(request);
    if (request.session !== undefined) return;
    request.session = this.issue(this.names, null);
    headers.push(`Set-Cookie: session=${request.session}; HttpOnly; SameSite=Strict; Path=/`);
  }

  joined(client) {
    super.joined(client);
    const ticket = client.query.get("ticket");
    const owner = this.tickets.get(ticket);
    this.tickets.delete(ticket);
    client.username = owner ?? this.names.get(client.session) ?? null;
    client.send({ type: "welcome", username: client.username });
  }

  heard(client, text) {
    const frame = parse(text);
    const { username } = client;
    switch (frame?.type) {
      case "login":
        return this.login(client, nameIn(frame));
      case "ticket":
        if (username === null) return this.refuse(client, "log in first");
        return client.send({ type: "ticket", ticket: this.issue(this.tickets, username) });
      case "message":
        return client.send({ type: "message", username, content: frame.content });
      default:
        return this.refuse(client, "unknown type");
    }
  }

  login(client, username) {
    if (username === undefined) return this.refuse(client, "a name has 1 to 32 characters");
    client.username = username;
    if (this.names.has(client.session)) this.names.set(client.session, username);
    client.send({ type: "welcome", username });
  }

  refuse(client, message) {
    client.send({ type: "error", message });
  }
}

/** 14: whoever sends too fast is refused, and closed if that does not help. */
class Limits extends Broadcast {
  static RATE = setting("WS_RATE", 5);
  static BURST = 4 * Limits.RATE;
  static REFUSALS = 20;

  joined(client) {
    client.limit = { allowed: Limits.BURST, counted: performance.now(), refused: 0 };
    super.joined(client);
  }

  heard(client, text) {
    const { limit } = client;
    const at = performance.now();
    const refilled = limit.allowed + ((at - limit.counted) / 1000) * Limits.RATE;
    limit.allowed = Math.min(Limits.BURST, refilled);
    limit.counted = at;
    if (limit.allowed >= 1) {
      limit.allowed -= 1;
      limit.refused = 0;
      return super.heard(client, text);
    }
    limit.refused += 1;
    if (limit.refused <= Limits.REFUSALS) {
      const retry_after_ms = Math.ceil(((1 - limit.allowed) / Limits.RATE) * 1000);
      client.send({ type: "error", code: "rate_limited", retry_after_ms });
    } else if (limit.refused === Limits.REFUSALS + 1) {
      client.close(1008, "too fast");
    }
  }
}

/** 15: a game for each client; a test chooses the number and the time. */
class Games extends Room {
  static NUMBER = setting("WS_NUMBER", 0);
  static GAME_MS = setting("WS_GAME_MS", 60_000);
  static HIGHEST = 100;

  joined(client) {
    super.joined(client);
    client.score = 0;
    this.think(client);
    client.send({ type: "new", from: 1, to: Games.HIGHEST });
    client.patience = setTimeout(() => this.over(client), Games.GAME_MS);
  }

  think(client) {
    client.number = Games.NUMBER || randomInt(1, Games.HIGHEST + 1);
    client.tries = 0;
  }

  heard(client, text) {
    const frame = parse(text);
    const n = frame?.type === "guess" ? frame.n : undefined;
    if (!Number.isInteger(n) || n < 1 || n > Games.HIGHEST) {
      return client.send({ type: "error", message: "that is no guess" });
    }
    client.tries += 1;
    const { number, tries } = client;
    if (n !== number) return client.send({ type: n < number ? "higher" : "lower", tries });
    client.score += 1;
    this.think(client);
    client.send({ type: "right", tries });
  }

  over(client) {
    client.send({ type: "over", score: client.score });
    client.close(1000, "the time is over");
  }

  left(client) {
    clearTimeout(client.patience);
    super.left(client);
  }
}

/** Whether the page that asks came from here. Who is no browser sends no Origin. */
function isOurs({ origin, host }) {
  return origin === undefined || [`http://${host}`, `https://${host}`].includes(origin);
}

function roomOf(lesson) {
  if (lesson <= 3) return new Echo();
  if (lesson === 4) return new Connections();
  if (lesson === 5) return new Broadcast();
  if (lesson <= 9) return new EchoBroadcast();
  if (lesson === 10) return new Reconnect();
  if (lesson === 11) return new NamesAndTyping();
  if (lesson === 12) return new FullChat();
  if (lesson === 13) return new Sessions();
  return lesson === 14 ? new Limits() : new Games();
}

// ---- What all rooms share ----

const clients = new Set();
const room = roomOf(LESSON);
const subprotocols = LESSON === 12 ? ["ws101.chat.v1"] : [];

class Client {
  id = randomUUID();
  since = now();

  constructor(socket, request) {
    this.socket = socket;
    this.ip = request.socket.remoteAddress;
    this.session = request.session;
    this.userAgent = request.headers["user-agent"] ?? "";
    this.query = new URL(request.url, "ws://localhost").searchParams;
  }

  send(frame) {
    this.say(JSON.stringify(frame));
  }

  /** Sends a text, or closes with 1013 whoever reads too slowly to get it. */
  say(data) {
    if (this.socket.bufferedAmount > MAX_QUEUE_BYTES) this.close(1013, "too slow");
    else this.socket.send(data);
  }

  close(code, reason) {
    this.socket.close(code, reason);
    setTimeout(() => this.socket.terminate(), LINGER_MS);
  }

  /** Pings; whoever does not answer in time has gone (RFC 6455 §5.5.2). */
  keepAlive() {
    let pings = 0;
    let deadline;
    const beat = setInterval(() => {
      if (deadline) return;
      this.socket.ping(String(++pings));
      deadline = setTimeout(() => this.close(1011, "no pong"), PONG_TIMEOUT_MS);
    }, HEARTBEAT_MS);
    this.socket.on("pong", (payload) => {
      if (payload.toString() !== String(pings)) return;
      clearTimeout(deadline);
      deadline = undefined;
    });
    this.socket.on("close", () => {
      clearInterval(beat);
      clearTimeout(deadline);
    });
  }
}

/** Why there is no 101 for this request: status, sentence, headers (RFC 6455 §4.2). */
function refusal({ method, url, headers }) {
  const lists = (name, token) =>
    (headers[name] ?? "").split(",").some((item) => item.trim().toLowerCase() === token);
  const path = url.split("?")[0];
  const key = headers["sec-websocket-key"];
  const version = headers["sec-websocket-version"];
  const offered = headers["sec-websocket-protocol"]?.split(",").map((token) => token.trim()) ?? [];
  if (LESSON === 13 && !isOurs(headers)) return [403, "The page is not from here"];
  if (!headers.upgrade && path !== "/ws") return [404, "There is nothing here; the WebSocket is at /ws"];
  if (method !== "GET") return [405, "A handshake is a GET", { Allow: "GET" }];
  if (!lists("upgrade", "websocket")) return [400, "Upgrade: websocket is missing"];
  if (!lists("connection", "upgrade")) return [400, "Connection: Upgrade is missing"];
  if (!key) return [400, "Sec-WebSocket-Key is missing"];
  if (!/^[+/0-9A-Za-z]{22}==$/.test(key)) return [400, "Sec-WebSocket-Key is not 16 bytes in Base64"];
  if (!version) return [400, "Sec-WebSocket-Version is missing"];
  if (version !== "13") return [426, "The version is 13", { "Sec-WebSocket-Version": "13" }];
  if (path !== "/ws") return [404, "There is nothing here; the WebSocket is at /ws"];
  if (subprotocols.length > 0 && offered.length > 0 && !offered.some((token) => subprotocols.includes(token))) {
    return [400, `Supported subprotocols: ${subprotocols}`];
  }
  return undefined;
}

const isLoopback = (ip) => ip === "::1" || ip.startsWith("127.") || ip.startsWith("::ffff:127.");

const server = http.createServer((request, response) => {
  if (room.list && request.url === "/connections" && isLoopback(request.socket.remoteAddress)) {
    response.setHeader("Content-Type", "application/json");
    return response.end(JSON.stringify(room.list()));
  }
  const [status, sentence, headers] = refusal(request);
  response.writeHead(status, { Connection: "close", ...headers }).end(`${sentence}\n`);
});

const sockets = new WebSocketServer({
  noServer: true,
  maxPayload: MAX_MESSAGE_BYTES,
  closeTimeout: DRAIN_MS,
  handleProtocols: (offered) => subprotocols.find((token) => offered.has(token)) ?? false,
});

if (room.begin) sockets.on("headers", (headers, request) => room.begin(headers, request));

server.on("upgrade", (request, stream, head) => {
  const refused = refusal(request);
  if (!refused) return sockets.handleUpgrade(request, stream, head, (socket) => welcome(socket, request));
  const response = new http.ServerResponse(request);
  response.assignSocket(stream);
  response.writeHead(refused[0], { Connection: "close", ...refused[2] }).end(`${refused[1]}\n`);
  response.on("finish", () => stream.end());
});

function welcome(socket, request) {
  const client = new Client(socket, request);
  clients.add(client);
  socket.on("message", (data, isBinary) => {
    if (isBinary && !room.takesBytes) return client.close(1003, "text only");
    try {
      room.heard(client, isBinary ? data : data.toString(), isBinary);
    } catch (error) {
      // JSON too deep to be written again, for one: that costs one connection, not all.
      console.error(error);
      client.close(1011, "internal error");
    }
  });
  // What was broken is told to the peer by `ws`; the end of it is told to the room below.
  socket.on("error", () => {});
  socket.on("close", () => {
    clients.delete(client);
    room.left(client);
  });
  if (LESSON >= 7 && HEARTBEAT_MS > 0) client.keepAlive();
  room.joined(client);
}

if (LESSON >= 8) setInterval(() => room.stats(), STATS_MS);

process.on("SIGTERM", () => {
  server.close();
  room.closing();
  setTimeout(() => process.exit(), DRAIN_MS);
  if (clients.size === 0) process.exit();
  for (const { socket } of clients) {
    socket.close(1001, "shutdown");
    socket.on("close", () => clients.size === 0 && process.exit());
  }
});

server.listen(setting("PORT", 8080), process.env.HOST ?? "127.0.0.1");
