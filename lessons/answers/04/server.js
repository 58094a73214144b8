// Lesson 4: gives each client an id, and lists the connected clients at /connections.
//
//     node server.js
"use strict";

const { randomUUID } = require("node:crypto");
const http = require("node:http");
const { WebSocketServer } = require("ws");

const PORT = Number(process.env.PORT ?? 8080);

/** A row for each open connection. */
const clients = new Map();

/** Returns the JSON value of a text, or undefined if it is not JSON. */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function send(ws, frame) {
  if (ws.readyState === ws.OPEN) ws.send(JSON.stringify(frame));
}

/** Keeps what the handshake says: later there are no headers. */
const describe = (request) => ({
  connectionId: randomUUID(),
  clientIP: request.socket.remoteAddress,
  userAgent: request.headers["user-agent"] ?? "",
  since: new Date().toISOString(),
});

function talk(ws, request) {
  const row = describe(request);
  clients.set(ws, row);
  send(ws, { type: "connection_established", connectionId: row.connectionId });
  ws.on("error", () => {}); // The client is gone, or broke a rule.
  ws.on("message", (data) => {
    if (parse(data)?.type === "ping") send(ws, { type: "pong" });
  });
  // Every connection ends here, with a close frame or without.
  ws.on("close", () => clients.delete(ws));
}

const server = http.createServer((request, response) => {
  if (request.url === "/connections") {
    response.setHeader("Content-Type", "application/json");
    return response.end(JSON.stringify([...clients.values()]));
  }
  response.writeHead(404).end("the WebSocket is at /ws\n");
});

const sockets = new WebSocketServer({ noServer: true, maxPayload: 1 << 20 });

server.on("upgrade", (request, socket, head) => {
  if (request.url.split("?")[0] !== "/ws") {
    return socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  }
  sockets.handleUpgrade(request, socket, head, (ws) => talk(ws, request));
});

server.listen(PORT, "127.0.0.1", () => console.log(`http://127.0.0.1:${PORT}`));
