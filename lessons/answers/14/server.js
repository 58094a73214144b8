// Lesson 14: limits clients that send too fast, and closes those that read too slowly.
//
//     node server.js
"use strict";

const http = require("node:http");
const { WebSocketServer } = require("ws");

const PORT = Number(process.env.PORT ?? 8080);

const RATE = Number(process.env.WS_RATE ?? 5);
const MOST_WAITING = Number(process.env.WS_MAX_QUEUE_BYTES ?? 1 << 20);

/** How many messages may come at once, and how many in a row are refused. */
const BURST = 4 * RATE;
const REFUSALS = 20;

/** How long a close waits for the client's close frame. A slow client must read all before it. */
const CLOSE_TIMEOUT = 3000;

/** The limit of each connected client. */
const clients = new Map();

/** What a client may still send. It refills by RATE a second, up to BURST. */
class Bucket {
  tokens = BURST;
  at = performance.now();
  refused = 0;

  /** Takes one token. Returns 0, or the milliseconds until there is one. */
  take() {
    const now = performance.now();
    this.tokens = Math.min(BURST, this.tokens + ((now - this.at) / 1000) * RATE);
    this.at = now;
    if (this.tokens < 1) {
      this.refused += 1;
      return ((1 - this.tokens) / RATE) * 1000;
    }
    this.tokens -= 1;
    this.refused = 0;
    return 0;
  }
}

/** Returns the JSON value of a text, or undefined if it is not JSON. */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Closes a connection. Nothing more is sent to it. */
function close(ws, code, reason) {
  clients.delete(ws);
  ws.close(code, reason);
  setTimeout(() => ws.terminate(), CLOSE_TIMEOUT);
}

/** Sends one message to many. A client for which too much waits is let go. */
function send(receivers, frame) {
  const text = JSON.stringify(frame);
  for (const ws of receivers) {
    if (ws.bufferedAmount > MOST_WAITING) close(ws, 1013, "too slow");
    else if (ws.readyState === ws.OPEN) ws.send(text);
  }
}

function heard(ws, data) {
  const bucket = clients.get(ws);
  if (!bucket) return; // Behind a close, what still comes is only read.
  const wait = bucket.take();
  if (bucket.refused > REFUSALS) return close(ws, 1008, "too fast");
  if (wait > 0) {
    return send([ws], { type: "error", code: "rate_limited", retry_after_ms: Math.ceil(wait) });
  }
  const said = parse(data);
  if (said?.type === "user" && typeof said.content === "string") {
    // A new object: the client may have written more into its own.
    send([...clients.keys()], { type: "user", content: said.content });
  }
}

function talk(ws) {
  clients.set(ws, new Bucket());
  send([ws], { type: "system", content: "Добро пожаловать в чат!" });
  ws.on("error", () => {}); // The client is gone, or broke a rule.
  ws.on("message", (data) => heard(ws, data));
  // Every connection ends here, with a close frame or without.
  ws.on("close", () => clients.delete(ws));
}

const server = http.createServer((request, response) => {
  response.writeHead(404).end("the WebSocket is at /ws\n");
});

const sockets = new WebSocketServer({ noServer: true, maxPayload: 1 << 20 });

server.on("upgrade", (request, socket, head) => {
  if (request.url.split("?")[0] !== "/ws") {
    return socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  }
  sockets.handleUpgrade(request, socket, head, talk);
});

server.listen(PORT, "127.0.0.1", () => console.log(`http://127.0.0.1:${PORT}`));
