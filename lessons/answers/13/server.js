// Lesson 13: which pages may connect, and as whom: Origin, a cookie, and tickets.
//
//     node server.js
"use strict";

const { randomBytes } = require("node:crypto");
const http = require("node:http");
const { WebSocketServer } = require("ws");

const PORT = Number(process.env.PORT ?? 8080);
const LONGEST_NAME = 32;

/** How many sessions and tickets are kept, at most. The oldest are forgotten. */
const MOST = 1000;

/** The name of each session, which is null before a login; and the owner of each ticket. */
const sessions = new Map();
const tickets = new Map();

/** Makes a secret that nobody can guess, and notes its owner. */
function issue(table, owner) {
  if (table.size === MOST) table.delete(table.keys().next().value);
  const secret = randomBytes(16).toString("hex");
  table.set(secret, owner);
  return secret;
}

/** Returns the JSON value of a text, or undefined if it is not JSON. */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether the page is one of this server. A program that is no browser sends no Origin. */
function isOurs({ headers }) {
  const { origin, host } = headers;
  return origin === undefined || [`http://${host}`, `https://${host}`].includes(origin);
}

/** Returns the session that the request's cookie names, if there is such a session. */
function knownSession({ headers }) {
  const cookies = (headers.cookie ?? "").split(";").map((cookie) => cookie.trim());
  const own = cookies.find((cookie) => cookie.startsWith("session="));
  const session = own?.slice("session=".length);
  return sessions.has(session) ? session : undefined;
}

function answer(ws, said) {
  const type = said?.type;
  if (type === "login") {
    const name = typeof said.username === "string" ? said.username.trim() : "";
    const letters = [...name.slice(0, 2 * LONGEST_NAME + 1)].length;
    if (letters < 1 || letters > LONGEST_NAME) {
      return { type: "error", message: `a name has 1 to ${LONGEST_NAME} letters` };
    }
    ws.username = name;
    if (sessions.has(ws.session)) sessions.set(ws.session, name);
    return { type: "welcome", username: name };
  }
  if (type === "ticket") {
    if (ws.username === null) return { type: "error", message: "log in first" };
    return { type, ticket: issue(tickets, ws.username) };
  }
  // The name is the session's, whatever the message says.
  if (type === "message") return { type, username: ws.username, content: said.content };
  return { type: "error", message: `unknown type: ${JSON.stringify(type)}` };
}

function talk(ws, request) {
  ws.session = request.session;
  const ticket = new URL(request.url, "http://localhost").searchParams.get("ticket");
  ws.username = tickets.get(ticket) ?? sessions.get(ws.session) ?? null;
  // A ticket is used up by the request that brings it.
  tickets.delete(ticket);
  ws.on("error", () => {}); // The client is gone, or broke a rule.
  ws.on("message", (data) => ws.send(JSON.stringify(answer(ws, parse(data)))));
  ws.send(JSON.stringify({ type: "welcome", username: ws.username }));
}

const server = http.createServer((request, response) => {
  response.writeHead(404).end("the WebSocket is at /ws\n");
});

const sockets = new WebSocketServer({ noServer: true, maxPayload: 1 << 20 });

/** Adds the cookie of a new session to the 101. */
sockets.on("headers", (headers, request) => {
  request.session = knownSession(request);
  if (request.session !== undefined) return;
  request.session = issue(sessions, null);
  headers.push(`Set-Cookie: session=${request.session}; HttpOnly; SameSite=Strict; Path=/`);
});

function refuse(socket, status) {
  socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
}

server.on("upgrade", (request, socket, head) => {
  if (!isOurs(request)) return refuse(socket, "403 Forbidden");
  if (request.url.split("?")[0] !== "/ws") return refuse(socket, "404 Not Found");
  sockets.handleUpgrade(request, socket, head, talk);
});

server.listen(PORT, "127.0.0.1", () => console.log(`http://127.0.0.1:${PORT}`));
