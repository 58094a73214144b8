// Lesson 11: visitors and members, names that the server knows, and errors.
//
//     node server.js
"use strict";

const http = require("node:http");
const { WebSocketServer } = require("ws");

const PORT = Number(process.env.PORT ?? 8765);
const LONGEST_NAME = 32;

/** The name of each member. A client that is not here is a visitor. */
const names = new Map();

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

const others = (ws) => [...names.keys()].filter((member) => member !== ws);

const refuse = (ws, code, message) => send([ws], { type: "error", code, message });

function join(ws, username) {
  const name = typeof username === "string" ? username.trim() : "";
  // Letters, not the units of UTF-16 that `length` counts.
  const letters = [...name.slice(0, 2 * LONGEST_NAME + 1)].length;
  if (names.has(ws)) return refuse(ws, "bad_message", "you are a member already");
  if (letters < 1 || letters > LONGEST_NAME) {
    return refuse(ws, "bad_name", `a name has 1 to ${LONGEST_NAME} letters`);
  }
  if ([...names.values()].some((taken) => taken.toLowerCase() === name.toLowerCase())) {
    return refuse(ws, "name_taken", "somebody here already has this name");
  }
  names.set(ws, name);
  send([ws], { type: "welcome", username: name, users: [...names.values()] });
  send(others(ws), { type: "user_joined", username: name });
}

function heard(ws, data) {
  const said = parse(data);
  const type = said?.type;
  const username = names.get(ws);
  if (type === "join") return join(ws, said.username);
  if ((type === "message" || type === "typing") && username === undefined) {
    return refuse(ws, "not_joined", "send join with a name first");
  }
  if (type === "message") {
    if (typeof said.content !== "string" || !said.content.trim()) {
      return refuse(ws, "bad_message", "there is no text in content");
    }
    return send(names.keys(), { type, username, content: said.content });
  }
  if (type === "typing") {
    return send(others(ws), { type, username, is_typing: said.is_typing !== false });
  }
  refuse(ws, "unknown_type", `unknown type: ${JSON.stringify(type)}`);
}

function talk(ws) {
  ws.on("error", () => {}); // The client is gone, or broke a rule.
  ws.on("message", (data) => heard(ws, data));
  // Every connection ends here, so its end is announced here and nowhere else.
  ws.on("close", () => {
    const username = names.get(ws);
    if (names.delete(ws)) send(names.keys(), { type: "user_left", username });
  });
}

const server = http.createServer((request, response) => {
  response.writeHead(404).end("the WebSocket is at /ws\n");
});

const sockets = new WebSocketServer({ noServer: true, maxPayload: 1 << 20 });

server.on("upgrade", (request, socket, head) => {
  if (!["/", "/ws"].includes(request.url.split("?")[0])) {
    return socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  }
  sockets.handleUpgrade(request, socket, head, talk);
});

server.listen(PORT, "127.0.0.1", () => console.log(`http://127.0.0.1:${PORT}`));
