// Lesson 6: an echo for the sender, a broadcast for the others, and who comes and goes.
//
//     node server.js
"use strict";

const { randomUUID } = require("node:crypto");
const http = require("node:http");
const { WebSocketServer } = require("ws");

const PORT = Number(process.env.PORT ?? 8080);

/** The id of each connected client. */
const clients = new Map();

/** Returns the JSON value of a text, or the text itself if it is not JSON. */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Sends one message to many. A receiver that is gone is left out. */
function send(receivers, frame) {
  const text = JSON.stringify(frame);
  for (const ws of receivers) if (ws.readyState === ws.OPEN) ws.send(text);
}

const others = (ws) => [...clients.keys()].filter((other) => other !== ws);

function heard(ws, text) {
  // Node runs one event at a time, so nothing comes between these two.
  const data = parse(text);
  send([ws], { type: "echo", data });
  send(others(ws), { type: "broadcast", data, from: clients.get(ws) });
}

function talk(ws) {
  const id = randomUUID();
  clients.set(ws, id);
  send([ws], { type: "welcome", clientId: id });
  send(others(ws), { type: "client_connected", clientId: id });
  ws.on("error", () => {}); // The client is gone, or broke a rule.
  ws.on("message", (data, isBinary) => {
    if (!isBinary) heard(ws, data.toString());
  });
  // Every connection ends here, so its end is announced here and nowhere else.
  ws.on("close", () => {
    clients.delete(ws);
    send(clients.keys(), { type: "client_disconnected", clientId: id });
  });
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
