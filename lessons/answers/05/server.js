// Lesson 5: sends each client's message to all clients, and drops forged ones.
//
//     node server.js
"use strict";

const http = require("node:http");
const { WebSocketServer } = require("ws");

const PORT = Number(process.env.PORT ?? 8080);

const clients = new Set();

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

function heard(data) {
  const said = parse(data);
  if (said?.type === "user" && typeof said.content === "string") {
    // A new object: the client may have written more into its own.
    send(clients, { type: "user", content: said.content });
  }
}

function talk(ws) {
  clients.add(ws);
  send([ws], { type: "system", content: "Добро пожаловать в чат!" });
  ws.on("error", () => {}); // The client is gone, or broke a rule.
  ws.on("message", heard);
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
