// An echo by HTTP/1.1 behind TLS in Node that offers HTTP/2, too: node http2.js CERTIFICATE KEY.
// With EXTENDED=1 in the environment it lets WebSockets be asked for by CONNECT (RFC 8441).
const { createSecureServer } = require('node:http2');
const { readFileSync } = require('node:fs');
const { WebSocketServer } = require('ws');
const [, , cert, key] = process.argv;
const settings = { enableConnectProtocol: process.env.EXTENDED === '1' };
const options = { cert: readFileSync(cert), key: readFileSync(key), allowHTTP1: true, settings };
const server = createSecureServer(options, (_, response) => response.end());
new WebSocketServer({ server, path: '/ws' }).on('connection', (ws) => {
  ws.on('error', () => {});
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
