// A server that a handshake by POST ends. PORT=9001 node post.mjs
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
const http = createServer();
const sockets = new WebSocketServer({ noServer: true });
http.on('upgrade', (request, socket, head) => {
  if (request.method === 'POST') throw new Error('these are its last words');
  sockets.handleUpgrade(request, socket, head, (ws) => ws.on('error', () => {}));
});
http.listen(process.env.PORT, '127.0.0.1');
