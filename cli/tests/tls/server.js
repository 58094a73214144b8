// An echo behind TLS in Node, as its documentation has it: node server.js CERTIFICATE KEY
const { createServer } = require('node:https');
const { readFileSync } = require('node:fs');
const { WebSocketServer } = require('ws');
const [, , cert, key] = process.argv;
const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) });
new WebSocketServer({ server, path: '/ws' }).on('connection', (ws) => {
  ws.on('error', () => {});
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
