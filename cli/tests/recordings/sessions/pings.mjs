// An echo that pings every 40 ms, with the time in each ping: PORT=9001 node pings.mjs
import { WebSocketServer } from 'ws';
const server = new WebSocketServer({ port: process.env.PORT, host: '127.0.0.1' });
server.on('connection', (socket) => {
  const pings = setInterval(() => socket.ping(String(Date.now())), 40);
  socket.on('close', () => clearInterval(pings));
  socket.on('message', (data, isBinary) => socket.send(process.env.ALTERED ? `${data}!` : data, { binary: isBinary }));
});
