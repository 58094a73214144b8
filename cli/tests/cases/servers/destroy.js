// As the README of ws has it: upgrades by path, and every other socket is destroyed.
const { createServer } = require('node:http');
const { WebSocketServer } = require('ws');
const http = createServer((request, answer) => answer.end('page'));
const server = new WebSocketServer({ noServer: true });
server.on('connection', (ws) => {
  ws.on('error', () => {});
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
});
http.on('upgrade', (request, socket, head) => {
  if (new URL(request.url, 'ws://x').pathname !== '/ws') return socket.destroy();
  server.handleUpgrade(request, socket, head, (ws) => server.emit('connection', ws, request));
});
http.listen(process.argv[2], '127.0.0.1');
