// A server that the text "bye" ends, in the way that MODE names. PORT=9001 MODE=late node dies.mjs
import { WebSocketServer } from 'ws';
const server = new WebSocketServer({
  port: process.env.PORT,
  host: '127.0.0.1',
  verifyClient: (_, done) => done(!isPoisoned, 500),
});
const ends = {
  crash: () => { throw new Error('these are its last words'); },
  clean: () => process.exit(0),
  late: () => setTimeout(() => process.exit(3), 200),
  hangs: () => { for (;;); },
  deaf: () => { server.close(); setInterval(() => {}, 1000); },
  // It lives on and answers pages, and opens no WebSocket, or leaves those unanswered that it opens.
  poisoned: () => { isPoisoned = true; },
  locked: () => { isLocked = true; },
};
let isPoisoned = false;
let isLocked = false;
server.on('connection', (socket) => {
  if (isLocked) return socket.pause();
  socket.on('error', () => {});
  socket.on('message', (data, isBinary) => {
    if (String(data) === 'bye') ends[process.env.MODE]();
    else socket.send(data, { binary: isBinary });
  });
});
