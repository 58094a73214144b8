// A client that comes back, for lesson 10, in Node, as a student writes it from the page:
//
//     WS_URL=ws://localhost:8080/ws node client.js
//
// The environment variable WRONG makes one mistake. Its first word is the exercise that must fail, or the
// exercises, with commas.
"use strict";

const WebSocket = require("ws");

const WRONG = process.env.WRONG ?? "";
const wrong = (mistake) => WRONG === mistake;
const URL = process.env.WS_URL;
const RETRY = Number(process.env.WS_RETRY_MS ?? 500);
const CAP = wrong("10.4 has a cap of its own") ? 20000 : Number(process.env.WS_RETRY_CAP_MS ?? 20000);

let failures = 0;
let everOpen = false;
let returns = 0;
let epoch = "";
let seq = 0;
// A generator that throws the same numbers in every run.
let seed = 7;
const seeded = () => (seed = (seed * 16807) % 2147483647) / 2147483647;

function wait() {
  const most = Math.min(CAP, RETRY * 2 ** failures);
  if (wrong("10.2,10.3 waits a constant time")) return CAP;
  if (wrong("10.2,10.3 waits the first time always")) return RETRY;
  if (wrong("10.2 throws dice without growth")) return Math.random() * CAP;
  if (wrong("10.2 throws dice over the first time always")) return Math.random() * RETRY;
  if (wrong("10.2 adds instead of doubling")) return Math.random() * Math.min(CAP, RETRY * (failures + 1) * 0.5);
  if (wrong("10.2,10.3 shrinks")) return (Math.random() * CAP) / 2 ** failures;
  if (wrong("10.2 grows once")) return Math.random() * Math.min(CAP, failures > 0 ? RETRY * 2 : RETRY);
  if (wrong("10.2,10.3 does not wait")) return 0;
  if (wrong("10.3 throws no dice")) return most;
  if (wrong("10.3 throws the same dice in every run")) return seeded() * most;
  if (wrong("10.3 throws dice for a tenth only")) return most * (0.9 + 0.1 * Math.random());
  if (wrong("10.3 throws dice for half of it")) return most * (0.5 + 0.5 * Math.random());
  if (wrong("10.4 knows no cap")) return Math.random() * RETRY * 2 ** failures;
  if (wrong("10.4 waits for three times the cap")) return Math.random() * Math.min(3 * CAP, RETRY * 2 ** failures);
  return Math.random() * most;
}

const isFinal = (code) => {
  if (wrong("10.5 comes back after all")) return false;
  if (wrong("10.5 knows 1000 only")) return code === 1000;
  if (wrong("10.5 knows 4001 and no other of its kind")) return [1000, 1002, 1003, 1007, 1008, 4001].includes(code);
  if (wrong("10.5 forgets 1008")) return [1000, 1002, 1003, 1007].includes(code) || (code >= 4000 && code < 4100);
  if (wrong("10.5 forgets 1000")) return [1002, 1003, 1007, 1008].includes(code) || (code >= 4000 && code < 4100);
  if (wrong("10.1 stays away after 1001") && code === 1001) return true;
  if (wrong("10.1 stays away after 1011") && code === 1011) return true;
  if (wrong("10.1,10.2,10.3,10.4,10.7 comes back when it is asked to go only") && code === 1006) return true;
  return [1000, 1002, 1003, 1007, 1008, 1010, 3000, 3003].includes(code) || (code >= 4000 && code < 4100);
};

function heard(data) {
  const said = JSON.parse(data);
  if (said.type === "connection_established") {
    if (wrong("10.7 keeps the first epoch")) epoch ||= said.epoch;
    else epoch = said.epoch;
    if (wrong("10.7 takes the hello's number always") || !said.recovered) {
      seq = wrong("10.7 keeps the highest number of all epochs") ? Math.max(seq, said.seq) : said.seq;
    }
  }
  if (said.type !== "message") return;
  if (wrong("10.7 counts for itself")) seq += 1;
  else if (wrong("10.7 takes the last number that came") || said.seq > seq) {
    seq = said.seq;
    console.log(said.content);
  }
}

const place = () => {
  if (wrong("10.7 names no place")) return URL;
  if (wrong("10.7 says seq instead of since")) return `${URL}?epoch=${epoch}&seq=${seq}`;
  if (wrong("10.7 forgets the epoch")) return `${URL}?since=${seq}`;
  if (wrong("10.7 asks for the next number")) return `${URL}?epoch=${epoch}&since=${seq + 1}`;
  return `${URL}?epoch=${epoch}&since=${seq}`;
};
let address;

function connect() {
  if (!wrong("10.7 builds the address once") || returns < 2) address = place();
  const ws = new WebSocket(address);
  let opened;
  ws.on("open", () => {
    everOpen = true;
    opened = Date.now();
    if (wrong("10.2 counts from zero as soon as one opens")) failures = 0;
  });
  ws.on("message", heard);
  ws.on("error", () => {});
  ws.on("close", (code) => {
    if (opened && isFinal(code)) return process.exit(0);
    if (wrong("10.1,10.2,10.3,10.4,10.7 never comes back")) return;
    if (wrong("10.1,10.2,10.3,10.4,10.7 comes back once") && returns > 0) return;
    if (wrong("10.2,10.3,10.4,10.7 comes back three times") && returns > 2) return;
    if (wrong("10.2,10.3,10.4 takes a refusal for final") && !opened) return process.exit(1);
    returns += 1;
    if (opened && Date.now() - opened > 5000) failures = 0;
    if (!everOpen && failures > 9 && !wrong("10.6 knocks for ever")) return process.exit(1);
    if (failures > 20 && !wrong("10.6 knocks for ever")) return process.exit(1);
    const time = wait();
    failures += 1;
    setTimeout(connect, time);
  });
}

connect();
