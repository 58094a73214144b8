// Lesson 1: opens a WebSocket, or refuses to. It uses no library.
//
//     node server.js
"use strict";

const { createHash } = require("node:crypto");
const http = require("node:http");

const PORT = Number(process.env.PORT ?? 8080);
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const REASONS = { 400: "Bad Request", 404: "Not Found", 426: "Upgrade Required" };

const response = (firstLine, ...headers) => [`HTTP/1.1 ${firstLine}`, ...headers].join("\r\n") + "\r\n\r\n";

const refuse = (status, ...headers) =>
  response(`${status} ${REASONS[status]}`, "Content-Length: 0", "Connection: close", ...headers);

const acceptValue = (key) => createHash("sha1").update(key + GUID).digest("base64");

/** Returns the answer to a request, and whether it opens a WebSocket. */
function answer(path, headers) {
  const connection = (headers.connection ?? "").toLowerCase().split(",").map((word) => word.trim());
  const key = headers["sec-websocket-key"];
  const version = headers["sec-websocket-version"];
  const isUpgrade = headers.upgrade?.toLowerCase() === "websocket" && connection.includes("upgrade");
  if (!isUpgrade || !version || !key) return [refuse(400), false];
  if (version !== "13") return [refuse(426, "Sec-WebSocket-Version: 13"), false];
  if (path !== "/ws") return [refuse(404), false];
  const accept = `Sec-WebSocket-Accept: ${acceptValue(key)}`;
  return [response("101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", accept), true];
}

const server = http.createServer((request, response) => {
  // A request without `Upgrade` is no WebSocket.
  response.writeHead(400).end();
});

// Node has parsed the request: the names of headers are in lower case.
server.on("upgrade", (request, socket) => {
  socket.on("error", () => {}); // The client is gone.
  const [reply, isOpen] = answer(request.url.split("?")[0], request.headers);
  socket.write(reply);
  if (!isOpen) return socket.end();
  // The connection stays open until the client ends it. Lesson 2 reads what comes.
  socket.on("end", () => socket.end());
  socket.resume();
});

server.listen(PORT, "127.0.0.1", () => console.log(`http://127.0.0.1:${PORT}`));
