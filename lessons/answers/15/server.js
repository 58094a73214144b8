// Lesson 15: a game that a test can repeat: chance and the clock come from outside.
//
//     node server.js
"use strict";

const http = require("node:http");
const { randomInt } = require("node:crypto");
const { WebSocketServer } = require("ws");

const PORT = Number(process.env.PORT ?? 8080);

// What a test chooses: every number, and how long a game takes.
const NUMBER = Number(process.env.WS_NUMBER ?? 0);
const LIMIT = Number(process.env.WS_GAME_MS ?? 60_000);

const LOWEST = 1;
const HIGHEST = 100;

/** How long a close waits for the client's close frame. */
const CLOSE_TIMEOUT = 1000;

/** Returns the next number to guess. */
const choose = () => NUMBER || randomInt(LOWEST, HIGHEST + 1);

/** Returns the JSON value of a text, or undefined if it is not JSON. */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Returns the number of a guess, or undefined if the message is no guess. */
function guessed(text) {
  const said = parse(text);
  const isGuess = said?.type === "guess" && Number.isInteger(said.n);
  return isGuess && said.n >= LOWEST && said.n <= HIGHEST ? said.n : undefined;
}

/** The game of one client. Nothing in it is shared. */
class Game {
  number = choose();
  tries = 0;
  score = 0;

  answer(text) {
    const n = guessed(text);
    if (n === undefined) {
      return { type: "error", message: "send a guess with n, a whole number from 1 to 100" };
    }
    this.tries += 1;
    const { tries } = this;
    if (n !== this.number) return { type: n < this.number ? "higher" : "lower", tries };
    this.number = choose();
    this.tries = 0;
    this.score += 1;
    return { type: "right", tries };
  }
}

function send(ws, frame) {
  if (ws.readyState === ws.OPEN) ws.send(JSON.stringify(frame));
}

/** Closes a connection. A client that does not answer is cut off. */
function close(ws, code, reason) {
  ws.close(code, reason);
  setTimeout(() => ws.terminate(), CLOSE_TIMEOUT).unref();
}

function talk(ws) {
  const game = new Game();
  send(ws, { type: "new", from: LOWEST, to: HIGHEST });
  const over = setTimeout(() => {
    send(ws, { type: "over", score: game.score });
    close(ws, 1000, "the time is over");
  }, LIMIT);
  ws.on("error", () => {}); // The client is gone, or broke a rule.
  ws.on("message", (data) => send(ws, game.answer(data.toString())));
  // Every connection ends here. A timer that went on would keep the program running.
  ws.on("close", () => clearTimeout(over));
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

// Without a server and without connections there is nothing left to wait for, so Node exits with 0.
for (const signal of ["SIGTERM", "SIGINT"]) {
  process.once(signal, () => {
    server.close();
    for (const ws of sockets.clients) close(ws, 1001, "server shutting down");
  });
}

server.listen(PORT, "127.0.0.1", () => console.log(`http://127.0.0.1:${PORT}`));
