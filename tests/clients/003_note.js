// The code sample of 003_websocket_note.md; a line typed is one more send.
//
//     node 003_note.js ws://127.0.0.1:8080/chat

const readline = require('readline');
const WebSocket = require('ws');

const socket = new WebSocket(process.argv[2]);

socket.onopen = () => {
  console.log('Connected');
  socket.send('Привет, сервер!');
};

socket.onmessage = (event) => {
  console.log('Новое сообщение:', event.data);
};

socket.onerror = (event) => console.log(`error ${event.message}`);

socket.onclose = (event) => console.log(`close ${event.code} ${event.reason}`.trimEnd());

readline
  .createInterface({ input: process.stdin })
  .on('line', (line) => socket.send(line))
  .on('close', () => socket.close(1000));
