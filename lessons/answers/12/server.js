// Lesson 12: the whole chat. The room has the rules, and talks to no socket itself.
//
//     node server.js
"use strict";

const { randomUUID } = require("node:crypto");
const http = require("node:http");
const { WebSocketServer } = require("ws");

const PORT = Number(process.env.PORT ?? 8080);
const HEARTBEAT = Number(process.env.WS_HEARTBEAT_MS ?? 25000);
const PONG_TIMEOUT = Number(process.env.WS_PONG_TIMEOUT_MS ?? 10000);
const DRAIN = Number(process.env.WS_DRAIN_MS ?? 5000);

/** How long a close waits for the client's close frame. A client that is gone sends none. */
const CLOSE_TIMEOUT = 500;
const SUBPROTOCOL = "ws101.chat.v1";
const ROOM = "general";
const LONGEST_NAME = 32;

/** Returns the JSON value of a text, or undefined if it is not JSON. */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The rules: what each message does, and who gets what.
 *
 * `send(receivers, frame)` is given from outside, so the room can be tested without sockets.
 */
class Room {
  /** The user of each member. A client that is not here is a visitor. */
  users = new Map();
  seq = 0;
  guests = 0;

  constructor(send) {
    this.send = send;
  }

  others(client) {
    return [...this.users.keys()].filter((member) => member !== client);
  }

  refuse(client, code, message) {
    this.send([client], { type: "error", code, message });
  }

  /** A message with the next number, for everyone in the room. */
  numbered(type, user, fields) {
    this.seq += 1;
    return { type, room: ROOM, seq: this.seq, user, username: user.username, ...fields };
  }

  heard(client, text) {
    const said = parse(text) ?? {};
    const user = this.users.get(client);
    if (said.type === "hello") return this.hello(client, said);
    if (!user) return this.refuse(client, "hello_required", "send hello first");
    switch (said.type) {
      case "message":
        return this.message(client, user, said);
      case "typing": {
        const active = said.active !== false;
        return this.send(this.others(client), { type: "typing", room: ROOM, user, username: user.username, active });
      }
      case "ping":
        return this.send([client], { type: "pong", timestamp: said.timestamp });
      default:
        return this.refuse(client, "unknown_type", `unknown type: ${JSON.stringify(said.type)}`);
    }
  }

  hello(client, said) {
    if (this.users.has(client)) return this.refuse(client, "bad_message", "you are a member already");
    const given = typeof said.username === "string" ? said.username.trim() : "";
    const username = [...given.slice(0, 2 * LONGEST_NAME)].slice(0, LONGEST_NAME).join("") || `Guest ${(this.guests += 1)}`;
    const user = { id: randomUUID(), username };
    this.users.set(client, user);
    const joined = this.numbered("user_joined", user, { count: this.users.size });
    const room = { room: ROOM, seq: this.seq, members: [...this.users.values()] };
    this.send([client], { type: "welcome", v: 1, user, rooms: [room] });
    this.send(this.others(client), joined);
  }

  message(client, user, said) {
    const { id, content } = said;
    if (typeof content !== "string" || !content.trim()) {
      return this.refuse(client, "bad_message", "there is no text in content");
    }
    // Number it, send it, acknowledge it: nothing comes between these steps.
    const line = this.numbered("message", user, { id, content });
    this.send(this.users.keys(), line);
    if (id !== undefined) this.send([client], { type: "ack", room: ROOM, id, seq: line.seq });
  }

  left(client) {
    const user = this.users.get(client);
    if (this.users.delete(client)) {
      this.send(this.users.keys(), this.numbered("user_left", user, { count: this.users.size }));
    }
  }
}

/** Sends one message to many. A receiver that is gone is left out. */
function send(receivers, frame) {
  const text = JSON.stringify(frame);
  for (const ws of receivers) if (ws.readyState === ws.OPEN) ws.send(text);
}

const room = new Room(send);
const clients = new Set();

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

/** Serves one client. It knows nothing of the rules. */
function session(ws) {
  clients.add(ws);
  ws.on("error", () => {}); // The client is gone, or broke a rule.
  ws.on("message", (data) => room.heard(ws, data.toString()));
  beat(ws);
  // Every connection ends here, so its end is announced here and nowhere else.
  ws.on("close", () => {
    clients.delete(ws);
    room.left(ws);
  });
}

const server = http.createServer((request, response) => {
  response.writeHead(404).end("the WebSocket is at /ws\n");
});

const handleProtocols = (offered) => offered.has(SUBPROTOCOL) && SUBPROTOCOL;
const sockets = new WebSocketServer({ noServer: true, maxPayload: 1 << 20, handleProtocols });

server.on("upgrade", (request, socket, head) => {
  if (request.url.split("?")[0] !== "/ws") {
    return socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  }
  sockets.handleUpgrade(request, socket, head, session);
});

function stop() {
  server.close();
  send(clients, { type: "system", event: "shutdown" });
  for (const ws of clients) ws.close(1001, "server shutting down");
  // One limit for all clients together. The program ends earlier if all have answered.
  setTimeout(() => process.exit(0), DRAIN).unref();
}

for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, stop);
server.listen(PORT, "127.0.0.1", () => console.log(`http://127.0.0.1:${PORT}`));
