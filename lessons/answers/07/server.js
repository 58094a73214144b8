// Lesson 7: finds clients that are gone although their connections are open.
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

function talk(ws) {
  const id = randomUUID();
  clients.set(ws, id);
  send([ws], { type: "welcome", clientId: id });
  send(others(ws), { type: "client_connected", clientId: id });
  ws.on("error", () => {}); // The client is gone, or broke a rule.
  ws.on("message", (data, isBinary) => {
    if (!isBinary) heard(ws, data.toString());
  });
  beat(ws);
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
