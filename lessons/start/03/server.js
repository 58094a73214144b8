// Lesson 3: start here. The server opens WebSockets, reads messages, and answers none.
//
//     node server.js
"use strict";

const { WebSocketServer } = require("ws");

const PORT = Number(process.env.PORT ?? 8080);

const server = new WebSocketServer({ host: "127.0.0.1", port: PORT });

server.on("connection", (ws) => {
  ws.on("error", () => {}); // The client is gone.
  ws.on("message", (data, isBinary) => {
    // Answer here: `ws.send(…)`.
  });
});

server.on("listening", () => console.log(`http://127.0.0.1:${PORT}`));
