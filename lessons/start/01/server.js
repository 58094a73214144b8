// Lesson 1: start here. The server reads requests, and refuses them all.
//
//     node server.js
"use strict";

const http = require("node:http");

const PORT = Number(process.env.PORT ?? 8080);
const REASONS = { 400: "Bad Request", 404: "Not Found", 426: "Upgrade Required" };

const response = (firstLine, ...headers) => [`HTTP/1.1 ${firstLine}`, ...headers].join("\r\n") + "\r\n\r\n";

const refuse = (status, ...headers) =>
  response(`${status} ${REASONS[status]}`, "Content-Length: 0", "Connection: close", ...headers);

/** Returns the answer to a request, and whether it opens a WebSocket. */
function answer(path, headers) {
  console.log(path, headers);
  // Decide here. A sound request gets `[response("101 Switching Protocols", …), true]`.
  return [refuse(400), false];
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
  // The connection stays open until the client ends it.
  socket.on("end", () => socket.end());
  socket.resume();
});

server.listen(PORT, "127.0.0.1", () => console.log(`http://127.0.0.1:${PORT}`));
