// A client that comes back, in Node with `ws`: the other half of lesson 10.
//
//     WS_URL=ws://localhost:8080/ws node client.js
"use strict";

const WebSocket = require("ws");

const RETRY_MS = Number(process.env.WS_RETRY_MS ?? 500);
const CAP_MS = Number(process.env.WS_RETRY_CAP_MS ?? 20_000);

/** What was heard last, in which life of the server; nothing yet. */
let last;
/** Attempts that came to nothing, one after another. */
let failures = 0;

const backoff = () => Math.random() * Math.min(CAP_MS, RETRY_MS * 2 ** failures);

/** Endings after which to come back would only be told the same. */
const isFinal = (code) => [1000, 1002, 1003, 1007, 1008, 1010, 3000, 3003].includes(code) || (code >= 4000 && code < 4100);

/** An answer that a second try would get again; a server that is only busy says 503. */
const isRefusal = (status) => status >= 400 && status < 500;

function connect() {
  const url = new URL(process.env.WS_URL);
  if (last) {
    url.searchParams.set("epoch", last.epoch);
    url.searchParams.set("since", last.seq);
  }
  const socket = new WebSocket(url);
  let opened = Infinity;
  let status = 101;
  socket.on("open", () => (opened = Date.now()));
  socket.on("message", (data) => heard(JSON.parse(data)));
  socket.on("unexpected-response", (_, response) => {
    status = response.statusCode;
    socket.terminate();
  });
  socket.on("error", () => {}); // The end of it is told to `close`.
  socket.on("close", (code) => {
    // One that is closed as soon as it opens is one more failure.
    if (Date.now() - opened >= CAP_MS) failures = 0;
    if (isRefusal(status)) console.log(`no WebSocket here: ${status}`);
    else if (!isFinal(code)) later();
  });
}

function later() {
  const delay = backoff();
  failures += 1;
  console.log(`no connection, retrying in ${Math.round(delay)} ms`);
  setTimeout(connect, delay);
}

function heard({ type, epoch, seq, recovered, content }) {
  if (type === "connection_established") {
    // What was missed comes now: its numbers are above ours, and no higher than this `seq`.
    if (!recovered) last = { epoch, seq };
  } else if (type === "message" && seq > last.seq) {
    last.seq = seq;
    console.log(content);
  }
}

connect();
