// The page that 001_broadcast_server.md is tested with: a line typed is a press of the button.
//
//     node 001_test_page.js ws://127.0.0.1:8080/broadcast
//
// The source names the types of the server and no field, so any usual field is read.

const readline = require('readline');
const WebSocket = require('ws');

const socket = new WebSocket(process.argv[2]);

socket.onopen = () => console.log('open');

socket.onmessage = (event) => {
  const { type, ...fields } = JSON.parse(event.data);
  // The statistics of a system message are numbers beside its text, if it has one.
  const seen = type === 'system' ? JSON.stringify(fields) : textOf(fields);
  console.log(`${type}: ${seen}`);
};

socket.onerror = (event) => console.log(`error ${event.message}`);

socket.onclose = (event) => console.log(`close ${event.code} ${event.reason}`.trimEnd());

function textOf(fields) {
  const text = fields.message ?? fields.content ?? fields.text ?? fields.data ?? fields;
  if (typeof text !== 'object') return String(text);
  // An echo may hold the whole message that it answers.
  return text === fields ? JSON.stringify(fields) : textOf(text);
}

readline
  .createInterface({ input: process.stdin })
  .on('line', (line) => {
    if (socket.readyState === WebSocket.OPEN) {
      socket.send(JSON.stringify({ type: 'test', message: line }));
    } else {
      console.log(`not sent: ${line}`);
    }
  })
  .on('close', () => socket.close(1000));
