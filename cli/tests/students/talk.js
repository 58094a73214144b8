// A server for lessons 3 to 12, in Node with `ws`, as a student writes it from the pages:
//
//     PORT=8080 node talk.js 5
//
// The environment variable WRONG makes one mistake. Its first word is the exercise that must fail, or the
// exercises, with commas.
"use strict";

const { randomUUID } = require("node:crypto");
const http = require("node:http");
const { WebSocketServer } = require("ws");

const LESSON = Number(process.argv[2]);
const WRONG = process.env.WRONG ?? "";
const wrong = (mistake) => WRONG === mistake;
const setting = (name, otherwise) => Number(process.env[name] ?? otherwise);
const HEARTBEAT = setting("WS_HEARTBEAT_MS", 25000);
const PONG_TIMEOUT = setting("WS_PONG_TIMEOUT_MS", 10000);
const STATS = setting("WS_STATS_MS", 30000);
const DRAIN = setting("WS_DRAIN_MS", 5000);

const clients = new Set();
const counters = {};
/** How often it has happened in this server's life. */
const times = (what) => (counters[what] = (counters[what] ?? 0) + 1);

const send = (ws, frame) => ws.readyState === ws.OPEN && ws.send(JSON.stringify(frame));
const sendAll = (frame, but) => {
  for (const ws of clients) if (ws !== but) send(ws, frame);
};

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const rooms = {
  echo: {
    joined() {},
    heard(ws, data, isBinary) {
      if (wrong("3.2 sends bytes as text")) isBinary = false;
      if (wrong("3.1,3.3 sends text as bytes") && !isBinary) return ws.send(`Принято: ${data}`, { binary: true });
      if (wrong("3.1 ignores an empty text") && !isBinary && data.length === 0) return;
      if (wrong("3.1 ignores long texts") && data.length > 60000) return;
      if (wrong("3.1 dies of long texts") && data.length > 65536) process.exit(1);
      if (wrong("3.1,3.3 answers the first only") && !isBinary && times("texts") > 1) return;
      if (wrong("3.1,3.3 forgets the word before it") && !isBinary) return ws.send(data, { binary: isBinary });
      if (wrong("3.1 trims") && !isBinary) return ws.send(`Принято: ${data}`.trim());
      if (wrong("3.1,3.3 cuts in the middle of a letter") && !isBinary) data = data.subarray(0, 7);
      if (wrong("3.2 turns the bytes") && isBinary) data = Buffer.from(data).reverse();
      if (wrong("3.2 puts the word before bytes") && isBinary) data = Buffer.concat([Buffer.from("Принято: "), data]);
      ws.send(isBinary ? data : `Принято: ${data}`, { binary: isBinary });
    },
    left() {},
  },

  connections: {
    joined(ws) {
      ws.id = wrong("4.2 throws a die of a hundred") ? String(Math.floor(Math.random() * 100)) : ws.id;
      if (wrong("4.2 gives everyone the same id")) ws.id = "1";
      if (wrong("4.1,4.2,4.5 forgets the id")) ws.id = undefined;
      const hello = { type: "connection_established", connectionId: ws.id };
      if (wrong("4.1,4.2,4.5 greets the others too")) return sendAll(hello);
      if (wrong("4.1,4.2,4.5 says something before it")) send(ws, { type: "hi" });
      send(ws, hello);
    },
    heard(ws, data) {
      const said = parse(data);
      if (said?.type !== "ping") return;
      if (wrong("4.3 dies of it")) process.exit(1);
      if (wrong("4.3 says nothing")) return;
      if (wrong("4.3 answers twice")) send(ws, { type: "pong" });
      if (wrong("4.3 calls it Pong")) return send(ws, { type: "Pong" });
      if (wrong("4.3 answers the others")) return sendAll({ type: "pong" }, ws);
      send(ws, { type: "pong" });
    },
    left() {},
  },

  broadcast: {
    joined(ws) {
      if (wrong("5.1,5.5 sends text that is no JSON")) return ws.send("Добро пожаловать!");
      if (wrong("5.1,5.4 welcomes after the first message")) return;
      send(ws, { type: "system", content: "Добро пожаловать!" });
    },
    heard(ws, data) {
      if (wrong("5.1,5.4 welcomes after the first message")) send(ws, { type: "system", content: "Добро пожаловать!" });
      let said;
      try {
        said = JSON.parse(data);
      } catch {
        if (wrong("5.3 hangs up on what is no JSON")) ws.close(1007);
        if (wrong("5.3 tells the others of the error")) sendAll({ type: "error", content: "bad" }, ws);
        return;
      }
      if (wrong("5.3 dies of null")) said.type;
      if (wrong("5.3 passes on what has no content") && said?.type === "user") return sendAll({ type: "user", content: said.content });
      if (wrong("5.3 dies of a number for content") && said?.content === 7) said.content.trim();
      if (wrong("5.3 falls silent after an error")) {
        if (typeof said?.content !== "string") ws.deaf = true;
        if (ws.deaf) return;
      }
      if (wrong("5.4 says what it was told") && typeof said?.content === "string") return sendAll(said);
      if (wrong("5.4 hangs up and tells all") && said?.type === "system") sendAll({ type: "user", content: "a forger!" });
      if (said?.type !== "user" || typeof said.content !== "string") return;
      const frame = { type: "user", content: said.content };
      if (wrong("5.2 trims the text")) frame.content = frame.content.trim();
      if (wrong("5.2 cuts the text at 100")) frame.content = frame.content.slice(0, 100);
      if (wrong("5.2,5.3,5.4,5.5 leaves the text out")) delete frame.content;
      if (wrong("5.2,5.3,5.4,5.5 tells the newest only")) return send([...clients].at(-1), frame);
      if (wrong("5.2,5.3,5.4,5.5 puts it into data")) return sendAll({ type: "user", data: frame });
      if (wrong("5.2,5.3,5.4,5.5 is late")) return setTimeout(() => sendAll(frame), 4000);
      sendAll(frame);
    },
    left(ws, code) {
      if (wrong("5.5 dies when somebody is cut off") && code === 1006) process.exit(1);
      if (wrong("5.5 closes the oldest when somebody leaves")) [...clients][0]?.close();
    },
  },

  others: {
    joined(ws) {
      if (wrong("6.1 gives everyone the same id")) ws.id = "you";
      if (wrong("6.1,6.4,6.5 welcomes the first only") && times("joined") > 1) return;
      if (wrong("6.4 calls the field id")) sendAll({ type: "client_connected", id: ws.id }, ws);
      else if (wrong("6.4 tells when somebody speaks")) ws.isNew = true;
      else if (wrong("6.4 lists who is there to the newcomer")) {
        for (const one of clients) if (one !== ws) send(ws, { type: "client_connected", clientId: one.id });
        sendAll({ type: "client_connected", clientId: ws.id }, ws);
      } else sendAll({ type: "client_connected", clientId: ws.id }, ws);
      send(ws, { type: "welcome", clientId: ws.id });
    },
    heard(ws, data, isBinary) {
      if (isBinary) return;
      if (ws.isNew) sendAll({ type: "client_connected", clientId: ws.id }, ws);
      ws.isNew = false;
      const text = data.toString();
      const value = parse(text);
      let said = value === undefined ? text : value;
      if (wrong("6.2 knows JSON only") && value === undefined) return sendAll({ type: "broadcast", data: said }, ws);
      if (wrong("6.2,6.3 dies of what is no JSON")) JSON.parse(text);
      if (wrong("6.2,6.3 tells the field message only") && value?.message === undefined && value !== undefined) said = value.message ?? null;
      const echo = { type: "echo", data: said };
      if (wrong("6.2 echoes to everyone")) sendAll(echo);
      else if (wrong("6.2 sends it twice")) (send(ws, echo), send(ws, echo));
      else if (!wrong("6.2 sends no echo")) send(ws, echo);
      const frame = { type: "broadcast", data: said, from: ws.id };
      if (wrong("6.3 leaves the data out")) delete frame.data;
      if (wrong("6.2,6.3 calls it echo")) frame.type = "echo";
      if (wrong("6.3 tells the newest only")) return send([...clients].filter((one) => one !== ws).at(-1) ?? ws, frame);
      if (!wrong("6.3 tells nobody but the author") || send(ws, frame)) sendAll(frame, ws);
    },
    left(ws, code) {
      const frame = { type: "client_disconnected", clientId: ws.id };
      if (wrong("6.5 says it twice for a cut") && code === 1006) sendAll(frame);
      if (wrong("6.5 names who is told")) for (const one of clients) send(one, { ...frame, clientId: one.id });
      else if (wrong("6.5 tells the first only") && LESSON === 6) send([...clients][0] ?? ws, frame);
      else if (wrong("6.5 dies when somebody is cut off") && code === 1006) process.exit(1);
      else sendAll(frame);
    },
  },

  resume: {
    epoch: randomUUID(),
    lines: [],
    known: new Map(),
    joined(ws, query) {
      const since = query.get("since") ?? "";
      const isOurs = query.get("epoch") === this.epoch && /^\d+$/.test(since) && Number(since) <= this.lines.length;
      const hello = { type: "connection_established", epoch: this.epoch, seq: this.lines.length, recovered: isOurs };
      if (wrong("10.8,10.9,10.10,10.11 calls it welcome")) hello.type = "welcome";
      if (wrong("10.8,10.9 says recovered to a newcomer") && !query.has("epoch")) hello.recovered = true;
      if (wrong("10.10 says nothing about recovered") && query.has("epoch") && !isOurs) delete hello.recovered;
      if (wrong("10.10 hangs up") && query.has("epoch") && !isOurs) return ws.close(4000);
      send(ws, hello);
      const missed = isOurs ? this.lines.slice(Number(since)) : [];
      if (wrong("10.9 leaves the first out")) missed.shift();
      if (wrong("10.9 tells what was missed to everyone")) missed.forEach((line) => sendAll(line));
      else if (wrong("10.9 leaves the numbers out")) missed.forEach(({ seq, ...line }) => send(ws, line));
      else if (!wrong("10.9 forgets to tell it")) missed.forEach((line) => send(ws, line));
    },
    heard(ws, data) {
      const said = parse(data);
      if (said?.type !== "message" || typeof said.content !== "string") return;
      const key = `${ws.session} ${said.id}`;
      if (wrong("10.11 knows the last id only") && this.lines.at(-1)?.id !== said.id) this.known.delete(key);
      const before = this.known.get(key);
      if (wrong("10.11 numbers it anew")) {
        if (before) {
          const line = { ...before, seq: this.lines.length + 1 };
          this.lines.push(line);
          return sendAll(line);
        }
      } else if (before && !wrong("10.11 does not look")) return send(ws, before);
      const line = { type: "message", id: said.id, content: said.content, seq: this.lines.length + 1 };
      if (wrong("10.9 counts from the clock")) line.seq = Date.now();
      if (wrong("10.9 makes a text of the number")) line.seq = `${line.seq}`;
      this.known.set(key, line);
      this.lines.push(line);
      sendAll(line);
    },
    left() {},
  },
};

const room =
  LESSON === 3 ? rooms.echo : LESSON === 4 ? rooms.connections : LESSON === 5 ? rooms.broadcast : LESSON === 10 ? rooms.resume : rooms.others;

const server = http.createServer((request, response) => {
  if (LESSON === 4 && request.url === "/connections") {
    const rows = [...clients].map((ws) => ({ connectionId: ws.id, clientIP: ws.ip, userAgent: ws.agent, since: ws.since }));
    if (wrong("4.5 counts only")) return response.end(JSON.stringify({ count: rows.length }));
    if (wrong("4.5 lists the last agent for all")) for (const row of rows) row.userAgent = counters.agent;
    return response.end(JSON.stringify(rows));
  }
  response.statusCode = 404;
  response.end("there is nothing here\n");
});
const wss = new WebSocketServer({ noServer: true, maxPayload: wrong("3.1 takes less than 64 KiB") ? 65535 : 1 << 20 });

server.on("upgrade", (request, socket, head) => {
  const { pathname, searchParams } = new URL(request.url, "http://localhost");
  if (pathname !== "/ws" && !wrong("4.4 looks at nothing")) {
    if (wrong("4.4 destroys the socket")) return socket.destroy();
    return socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  }
  wss.handleUpgrade(request, socket, head, (ws) => open(ws, request, searchParams));
});

function open(ws, request, query) {
  ws.id = randomUUID();
  ws.ip = request.socket.remoteAddress;
  ws.agent = counters.agent = request.headers["user-agent"] ?? "";
  ws.since = new Date().toISOString();
  ws.session = query.get("session") ?? ws.id;
  clients.add(ws);
  room.joined(ws, query);
  ws.on("message", (data, isBinary) => {
    ws.heardAt = Date.now();
    room.heard(ws, data, isBinary);
  });
  ws.on("error", () => {});
  ws.on("close", (code) => {
    if (wrong("4.5 crosses out who said goodbye only") && code === 1006) return;
    clearInterval(ws.beat);
    clients.delete(ws);
    if (wrong("7.4 says it once for all") && times("left") > 1) return;
    room.left(ws, code);
  });
  if (LESSON >= 7 && LESSON <= 9) beat(ws);
}

/** A ping every HEARTBEAT; whoever has not answered after PONG_TIMEOUT is gone. */
function beat(ws) {
  let asked;
  const ask = () => {
    if (wrong("7.1,7.2,7.3,7.4,7.5?,7.6? sends a JSON ping")) return send(ws, { type: "ping" });
    if (wrong("7.1,7.3 pings once") && ws.wasAsked) return;
    if (wrong("7.1 pings the first who came only") && [...clients][0] !== ws) return;
    if (wrong("7.1,7.2,7.3,7.4 sends pongs")) return ws.pong();
    ws.wasAsked = true;
    if (wrong("7.3 has one flag and no clock")) {
      if (ws.isWaiting) return ws.terminate();
      ws.isWaiting = true;
    }
    ws.ping(String(times("ping")));
    asked ??= setTimeout(lost, wrong("7.3,7.4 takes seconds for milliseconds") ? PONG_TIMEOUT * 1000 : PONG_TIMEOUT);
    if (wrong("7.3 lets go at once")) setTimeout(() => asked && lost(), 50);
  };
  const lost = () => {
    if (wrong("7.3,7.4 waits for an answer to its close")) return ws.close(1011);
    if (wrong("7.3 closes with 1000")) ws.close(1000);
    else if (wrong("7.3,7.4 only tells the others")) {
      if (!ws.told) room.left(ws, 1006);
      ws.told = true;
      return;
    } else if (wrong("7.4 says it at once and in the end")) {
      sendAll({ type: "client_disconnected", clientId: ws.id }, ws);
      ws.terminate();
    } else ws.close(1011, "no pong");
    setTimeout(() => ws.terminate(), 300);
  };
  ws.on("pong", (data) => {
    ws.isWaiting = false;
    if (wrong("7.2,7.3,7.4 does not hear pongs")) return;
    if (wrong("7.5 takes an unknown pong for an attack") && !/^\d+$/.test(data)) return ws.close(1002);
    if (wrong("7.5 dies of an empty pong") && data.length === 0) process.exit(1);
    if (wrong("7.3 times the first ping only")) {
      clearTimeout(asked);
      asked = true;
      return;
    }
    clearTimeout(asked);
    asked = undefined;
  });
  ws.on("ping", () => {
    if (wrong("7.6 hangs up on a ping")) ws.close(1002);
    if (wrong("7.6 answers a ping with a text too")) ws.send("pong");
  });
  if (wrong("7.2,7.4 lets go after two seconds")) setTimeout(() => ws.close(1000), 2000);
  if (wrong("7.2,7.4 asks for words")) {
    ws.heardAt = Date.now();
    ws.idle = setInterval(() => Date.now() - ws.heardAt > 1800 && ws.close(1008), 100);
    ws.on("close", () => clearInterval(ws.idle));
  }
  ws.beat = setInterval(ask, wrong("7.1,7.3,7.4 has an interval of its own") ? 25000 : HEARTBEAT);
}

const started = process.uptime();
function report() {
  const stats = { activeConnections: clients.size, memory: { rssBytes: process.memoryUsage().rss }, uptime: Math.floor(process.uptime() - started) };
  if (wrong("8.2 leaves one out")) stats.activeConnections -= 1;
  if (wrong("8.2 counts who ever came")) stats.activeConnections = times("reports") && (counters.ever ?? 0);
  if (wrong("8.3 counts milliseconds")) stats.uptime = Math.floor(performance.now());
  if (wrong("8.3 says the time of day")) stats.uptime = Date.now();
  if (wrong("8.3 counts down")) stats.uptime = 1000 - stats.uptime;
  if (wrong("8.4 sends the text of a number")) stats.memory.rssBytes = `${stats.memory.rssBytes}`;
  if (wrong("8.4 sends megabytes")) stats.memory.rssBytes /= 1 << 20;
  if (wrong("8.4 is below zero")) stats.memory.rssBytes *= -1;
  const frame = { type: "system", event: "heartbeat", stats };
  if (wrong("8.1,8.2,8.3,8.4 calls the type stats")) frame.type = "stats";
  if (wrong("8.1,8.2,8.3,8.4 sends it as a text in a text")) frame.stats = JSON.stringify(stats);
  if (wrong("8.1,8.2,8.3 leaves the stats out after the first")) times("sent") > 1 && times("sent") && delete frame.stats;
  if (wrong("8.1,8.2 forgets the connections")) delete stats.activeConnections;
  if (wrong("8.1,8.2,8.3,8.4 tells the newest only")) return send([...clients].at(-1) ?? {}, frame);
  sendAll(frame);
}
if (LESSON >= 8 && LESSON <= 9) setInterval(report, wrong("8.1,8.2,8.3,8.4 takes seconds for milliseconds") ? STATS * 1000 : STATS);
wss.on("connection", () => times("ever"));

process.on("SIGTERM", () => {
  const frame = { type: "system", event: "shutdown" };
  if (wrong("9.1 leaves the event out")) delete frame.event;
  if (wrong("9.1 writes it as a text")) for (const ws of clients) ws.send("shutdown");
  else if (wrong("9.1 tells the newest only")) send([...clients].at(-1) ?? {}, frame);
  else sendAll(frame);
  const end = (code) => {
    if (wrong("9.5 leaves with 143")) process.exit(143);
    if (wrong("9.4,9.5 is never done")) return;
    process.exit(code);
  };
  if (wrong("9.2 ends without a close")) process.exit(0);
  if (wrong("9.3 closes the door last")) setTimeout(() => server.close(), DRAIN);
  else server.close();
  if (wrong("9.2 closes the newest only")) {
    for (const ws of [...clients].slice(0, -1)) ws.terminate();
  }
  for (const ws of clients) {
    if (wrong("9.2 terminates")) ws.terminate();
    else if (wrong("9.2 closes without a code")) ws.close();
    else if (wrong("9.2 closes with 1012")) ws.close(1012);
    else ws.close(1001, "bye");
  }
  const limit = wrong("9.4 has a limit of its own") ? 8000 : wrong("9.4 takes seconds for milliseconds") ? DRAIN * 1000 : DRAIN;
  setTimeout(() => end(0), limit).unref?.();
  const waiting = setInterval(() => {
    if (clients.size === 0 && !wrong("9.4,9.5 is never done")) {
      clearInterval(waiting);
      end(0);
    }
  }, 20);
});

server.listen(Number(process.env.PORT ?? 8080), "127.0.0.1");
