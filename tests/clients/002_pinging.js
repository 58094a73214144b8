// The client that 002_reconnect_report.md left unchanged: it pings, and comes back when cut off.
//
//     node 002_pinging.js ws://127.0.0.1:8080/ws
//
// PING_MS is the time between pings, 25000 unless told.

const readline = require('readline');
const WebSocket = require('ws');

const PING_MS = Number(process.env.PING_MS ?? 25_000);
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 30_000;

const url = process.argv[2];
let socket;
let retry;
let retryMs = FIRST_RETRY_MS;
let leaving = false;

function connect() {
  let pinging;
  socket = new WebSocket(url);

  socket.onopen = () => {
    console.log('open');
    retryMs = FIRST_RETRY_MS;
    pinging = setInterval(() => send({ type: 'ping' }), PING_MS);
  };

  socket.onmessage = (event) => {
    const { type, data, ...fields } = JSON.parse(event.data);
    const { content, message, text, connectionId } = { ...fields, ...data };
    const seen = content ?? message ?? text ?? connectionId;
    console.log(seen === undefined ? type : `${type}: ${seen}`);
  };

  socket.onerror = (event) => console.log(`error ${event.message}`);

  socket.onclose = (event) => {
    clearInterval(pinging);
    console.log(`close ${event.code} ${event.reason}`.trimEnd());
    if (leaving) return;
    retry = setTimeout(connect, retryMs);
    retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
  };
}

function send(message) {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  else console.log(`not sent: ${message.content ?? message.type}`);
}

readline
  .createInterface({ input: process.stdin })
  .on('line', (line) => send({ type: 'message', content: line }))
  .on('close', () => {
    leaving = true;
    clearTimeout(retry);
    socket.close(1000);
  });

connect();
