// Lesson 10, the server: numbers its messages, and sends a client what it missed.
//
//     node server.js
"use strict";

const { randomUUID } = require("node:crypto");
const http = require("node:http");
const { WebSocketServer } = require("ws");

const PORT = Number(process.env.PORT ?? 8080);
const HEARTBEAT = Number(process.env.WS_HEARTBEAT_MS ?? 25000);
const PONG_TIMEOUT = Number(process.env.WS_PONG_TIMEOUT_MS ?? 10000);

/** How long a close waits for the client's close frame. A client that is gone sends none. */
const CLOSE_TIMEOUT = 500;

/** How many messages are kept for clients that come back. */
const HISTORY = 1000;

/** The identifier of this run of the server. */
const EPOCH = randomUUID();

const clients = new Set();
/** The newest messages, in order, and the same ones by the session and the id of their sender. */
const history = [];
const byId = new Map();
let newest = 0;

/** Returns the JSON value of a text, or undefined if it is not JSON. */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Sends one message to many. A receiver that is gone is left out. */
function send(receivers, frame) {
  const text = JSON.stringify(frame);
  for (const ws of receivers) if (ws.readyState === ws.OPEN) ws.send(text);
}

/** Returns the messages that a client missed, or undefined if that is not known. */
function missed(query) {
  const since = query.get("since") ?? "";
  if (query.get("epoch") !== EPOCH || !/^\d+$/.test(since)) return undefined;
  // Everything after `since` must still be there.
  const oldest = newest - history.length;
  if (Number(since) < oldest || Number(since) > newest) return undefined;
  return history.slice(Number(since) - oldest);
}

function remember(key, line) {
  history.push(line);
  byId.set(key, line);
  if (history.length > HISTORY) history.shift();
  if (byId.size > HISTORY) byId.delete(byId.keys().next().value);
}

function heard(ws, session, data) {
  const said = parse(data);
  if (said?.type !== "message" || typeof said.content !== "string") return;
  // Without an id of its own, no message is a copy of another.
  const id = typeof said.id === "string" ? said.id : randomUUID();
  const key = JSON.stringify([session, id]);
  // It has been sent to everyone already: only its sender gets it again, with its old number.
  if (byId.has(key)) return send([ws], byId.get(key));
  newest += 1;
  const line = { type: "message", seq: newest, id: said.id, content: said.content };
  remember(key, line);
  send(clients, line);
}

/** Sends a ping at regular times, and closes the connection if a pong is overdue. */
function beat(ws) {
  let overdue;
  const lost = () => {
    ws.close(1011, "no pong");
    setTimeout(() => ws.terminate(), CLOSE_TIMEOUT);
  };
  const pinging = setInterval(() => {
    ws.ping();
    // The clock runs from the first ping that has no answer.
    overdue ??= setTimeout(lost, PONG_TIMEOUT);
  }, HEARTBEAT);
  ws.on("pong", () => {
    clearTimeout(overdue);
    overdue = undefined;
  });
  ws.on("close", () => {
    clearInterval(pinging);
    clearTimeout(overdue);
  });
}

function talk(ws, query) {
  const session = query.get("session") ?? randomUUID();
  // Node runs one event at a time, so no message can fall between these lines.
  const lines = missed(query);
  clients.add(ws);
  const recovered = lines !== undefined;
  send([ws], { type: "connection_established", epoch: EPOCH, seq: newest, recovered });
  for (const line of lines ?? []) send([ws], line);
  ws.on("error", () => {}); // The client is gone, or broke a rule.
  ws.on("message", (data) => heard(ws, session, data));
  beat(ws);
  ws.on("close", () => clients.delete(ws));
}

const server = http.createServer((request, response) => {
  response.writeHead(404).end("the WebSocket is at /ws\n");
});

const sockets = new WebSocketServer({ noServer: true, maxPayload: 1 << 20 });

server.on("upgrade", (request, socket, head) => {
  const [path, query] = request.url.split("?");
  if (path !== "/ws") {
    return socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  }
  sockets.handleUpgrade(request, socket, head, (ws) => talk(ws, new URLSearchParams(query)));
});

server.listen(PORT, "127.0.0.1", () => console.log(`http://127.0.0.1:${PORT}`));
