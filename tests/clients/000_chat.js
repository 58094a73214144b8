// The chat page of 000_node_chat.md without the page: a line typed is a form sent.
//
//     node 000_chat.js ws://127.0.0.1:8080/

const readline = require('readline');
const WebSocket = require('ws');

const RETRY_MS = 1000;

const url = process.argv[2];
let socket;
let retry;
let leaving = false;

function connect() {
  socket = new WebSocket(url);

  socket.onopen = () => console.log('open');

  socket.onmessage = (event) => {
    const message = JSON.parse(event.data);
    console.log(`${message.type}: ${message.content}`);
  };

  socket.onerror = (event) => console.log(`error ${event.message}`);

  // "Переподключение при разрыве соединения"
  socket.onclose = (event) => {
    console.log(`close ${event.code} ${event.reason}`.trimEnd());
    if (!leaving) retry = setTimeout(connect, RETRY_MS);
  };
}

function sendMessage(content) {
  const message = {
    type: 'user',
    content: content,
  };
  socket.send(JSON.stringify(message));
}

readline
  .createInterface({ input: process.stdin })
  .on('line', (line) => {
    if (socket.readyState === WebSocket.OPEN) sendMessage(line);
    else console.log(`not sent: ${line}`);
  })
  .on('close', () => {
    leaving = true;
    clearTimeout(retry);
    socket.close(1000);
  });

connect();
