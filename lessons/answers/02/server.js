// Lesson 2: an echo that reads and writes frames byte by byte. It uses no library.
//
//     node server.js
"use strict";

const { createHash } = require("node:crypto");
const http = require("node:http");

const PORT = Number(process.env.PORT ?? 8080);
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const LONGEST_PAYLOAD = 1 << 20;
const REASONS = { 400: "Bad Request", 404: "Not Found", 426: "Upgrade Required" };
const [TEXT, CLOSE, PING, PONG] = [1, 8, 9, 10];

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

/** Takes one frame from the front of `data`. Returns undefined if not all of it is there. */
function takeFrame(data) {
  if (data.length < 2) return undefined;
  const isMasked = (data[1] & 0x80) !== 0;
  let length = data[1] & 0x7f;
  let at = 2;
  if (length === 126) {
    if (data.length < 4) return undefined;
    length = data.readUInt16BE(2);
    at = 4;
  } else if (length === 127) {
    if (data.length < 10) return undefined;
    length = Number(data.readBigUInt64BE(2));
    at = 10;
  }
  if (!isMasked) return { refused: 1002 };
  if (length > LONGEST_PAYLOAD) return { refused: 1009 };
  const end = at + 4 + length;
  if (data.length < end) return undefined;
  const key = data.subarray(at, at + 4);
  const payload = Buffer.from(data.subarray(at + 4, end)).map((byte, i) => byte ^ key[i % 4]);
  return { opcode: data[0] & 0x0f, payload, rest: data.subarray(end) };
}

function frame(opcode, payload) {
  const size = payload.length;
  let head;
  if (size < 126) {
    head = Buffer.from([0x80 | opcode, size]);
  } else if (size < 65536) {
    head = Buffer.from([0x80 | opcode, 126, 0, 0]);
    head.writeUInt16BE(size, 2);
  } else {
    head = Buffer.from([0x80 | opcode, 127, 0, 0, 0, 0, 0, 0, 0, 0]);
    head.writeBigUInt64BE(BigInt(size), 2);
  }
  return Buffer.concat([head, payload]);
}

function closeWith(code) {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return frame(CLOSE, payload);
}

/** Answers frames until the connection ends. */
function talk(socket, first) {
  // One read is not one frame: what is not a whole frame yet waits here.
  let data = first;
  const read = () => {
    for (let next = takeFrame(data); next; next = takeFrame(data)) {
      if (next.refused) return socket.end(closeWith(next.refused));
      data = next.rest;
      if (next.opcode === TEXT) socket.write(frame(TEXT, Buffer.concat([Buffer.from("Принято: "), next.payload])));
      if (next.opcode === PING) socket.write(frame(PONG, next.payload));
      if (next.opcode === CLOSE) return socket.end(frame(CLOSE, next.payload));
    }
  };
  socket.on("data", (more) => {
    if (socket.writableEnded) return; // The close frame is sent: nothing more is read.
    data = Buffer.concat([data, more]);
    read();
  });
  read();
}

const server = http.createServer((request, response) => {
  // A request without `Upgrade` is no WebSocket.
  response.writeHead(400).end();
});

// Node has parsed the request: the names of headers are in lower case.
server.on("upgrade", (request, socket, first) => {
  socket.on("error", () => {}); // The client is gone.
  const [reply, isOpen] = answer(request.url.split("?")[0], request.headers);
  socket.write(reply);
  if (!isOpen) return socket.end();
  socket.on("end", () => socket.end());
  talk(socket, first);
});

server.listen(PORT, "127.0.0.1", () => console.log(`http://127.0.0.1:${PORT}`));
