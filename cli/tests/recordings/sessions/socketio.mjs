// A chat with socket.io. Each session gets a random id: PORT=9001 node socketio.mjs
import { createServer } from 'node:http';
import { Server } from 'socket.io';
const hello = process.env.ALTERED ? 'good day' : 'hello';
const http = createServer();
const io = new Server(http, { pingInterval: 25000, pingTimeout: 20000 });
io.use((socket, next) => next(socket.handshake.auth.token === 'wrong' ? new Error('who are you?') : undefined));
io.on('connection', (socket) => {
  socket.emit('welcome', { id: socket.id, text: hello });
  socket.on('say', (text) => io.emit('said', { from: socket.id, text, at: Date.now() }));
  socket.on('add', (a, b, reply) => reply(a + b));
  socket.on('bytes', (bytes) => socket.emit('bytes', bytes));
});
http.listen(process.env.PORT, '127.0.0.1');
