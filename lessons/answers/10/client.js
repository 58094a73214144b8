// Lesson 10, the client: comes back after a random wait, and gets what it missed.
//
//     WS_URL=ws://127.0.0.1:8080/ws node client.js
"use strict";

const { WebSocket } = require("ws");

const URL = process.env.WS_URL ?? "ws://127.0.0.1:8080/ws";
const RETRY = Number(process.env.WS_RETRY_MS ?? 500);
const CAP = Number(process.env.WS_RETRY_CAP_MS ?? 20000);

/** A connection that lasted this long, in milliseconds, ends a row of failures. */
const LASTED = 10000;

/** How many attempts in a row may fail. */
const TRIES = 20;

/** The newest message that the client has, and the run of the server that numbered it. */
const place = { epoch: "", seq: 0 };
let failures = 0;

const isFinal = (code) =>
  [1000, 1002, 1003, 1007, 1008, 1010, 3000, 3003].includes(code) || (code >= 4000 && code < 4100);

function heard(text) {
  const said = JSON.parse(text);
  if (said.type === "connection_established") {
    place.epoch = said.epoch;
    if (!said.recovered) place.seq = said.seq;
  }
  // A message that is not above `seq` is a copy.
  if (said.type === "message" && said.seq > place.seq) {
    place.seq = said.seq;
    console.log(said.content);
  }
}

function connect() {
  const began = performance.now();
  const ws = new WebSocket(`${URL}?epoch=${place.epoch}&since=${place.seq}`);
  ws.on("message", heard);
  ws.on("error", (error) => console.error(error.message));
  // It comes after an error, too, and then the code is 1006.
  ws.on("close", (code) => {
    if (isFinal(code)) return;
    if (performance.now() - began > LASTED) failures = 0;
    if (failures >= TRIES) {
      console.error("no connection: gave up");
      process.exitCode = 1;
      return;
    }
    setTimeout(connect, Math.random() * Math.min(CAP, RETRY * 2 ** failures));
    failures += 1;
  });
}

connect();
