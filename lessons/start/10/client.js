// Lesson 10, the client: start here. It prints messages, and ends with its connection.
//
//     WS_URL=ws://127.0.0.1:8080/ws node client.js
"use strict";

const { WebSocket } = require("ws");

const URL = process.env.WS_URL ?? "ws://127.0.0.1:8080/ws";

function connect() {
  const ws = new WebSocket(URL);
  ws.on("message", (text) => console.log(JSON.parse(text)));
  ws.on("error", (error) => console.error(error.message));
  ws.on("close", (code) => {
    // Come back here, unless this code is final.
    console.log(`closed: ${code}`);
  });
}

connect();
