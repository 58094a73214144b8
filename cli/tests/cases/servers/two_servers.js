// Two WebSocketServers with a path each on one HTTP server: each refuses what is the other's.
const { createServer } = require('node:http');
const { WebSocketServer } = require('ws');
const http = createServer((request, answer) => answer.end('page'));
for (const path of ['/a', '/b']) {
  const server = new WebSocketServer({ server: http, path });
  server.on('connection', (ws) => {
    ws.on('error', () => {});
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  });
}
http.listen(process.argv[2], '127.0.0.1');
