// Lesson 3: an echo with the library `ws`.
//
//     node server.js
"use strict";

const { WebSocketServer } = require("ws");

const PORT = Number(process.env.PORT ?? 8080);

const server = new WebSocketServer({ host: "127.0.0.1", port: PORT, maxPayload: 1 << 20 });

server.on("connection", (ws) => {
  ws.on("error", () => {}); // The client is gone, or broke a rule.
  ws.on("message", (data, isBinary) => {
    // The library gives bytes for text, too: `isBinary` says which it was.
    ws.send(isBinary ? data : `Принято: ${data}`);
  });
});

server.on("listening", () => console.log(`http://127.0.0.1:${PORT}`));
