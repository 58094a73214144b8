// A server with one habit that recordings must cope with: PORT=9001 HABIT=late node habits.mjs
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
const habit = process.env.HABIT;
const http = createServer();
const sockets = new WebSocketServer({ noServer: true });
http.on('upgrade', (request, socket, head) => {
  if (request.url === '/refused') {
    socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nno!\n');
    return;
  }
  if (request.url === '/full') {
    socket.end('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5\r\n\r\nfull\n');
    return;
  }
  sockets.handleUpgrade(request, socket, head, (ws) => sockets.emit('connection', ws));
});
let count = 0;
sockets.on('connection', (ws) => {
  ws.on('error', () => {});
  if (habit === 'pings') setInterval(() => ws.ping('?'), 40).unref();
  if (habit === 'ticks') setInterval(() => ws.send('{"type":"tick"}'), 150).unref();
  ws.on('message', (data) => {
    const text = String(data);
    const answer = () => ws.send(`${text} ${habit === 'texts' ? `0{"sid":"${Math.random()}","n":[${'1,'.repeat(count++ % 3)}1]}` : 'back'}`);
    if (habit === 'late') setTimeout(answer, 200);
    else if (habit === 'orders') {
      const two = ['{"type":"a","t":TIME}', '{"type":"b","t":TIME}'].map((json) => json.replace('TIME', Math.random()));
      if (Math.random() < 0.5) two.reverse();
      two.forEach((json) => ws.send(json));
    } else if (habit === 'ends') {
      if (Math.random() < 0.5) ws._socket.resetAndDestroy(); else ws._socket.end();
    } else if (habit === 'crash') throw new Error('these are its last words');
    else answer();
  });
});
http.listen(process.env.PORT, '127.0.0.1');
