// Node's `ws` and socket.io, set up wrong in one way each: node node.js MODE PORT
const { createServer } = require('node:http');
const http2 = require('node:http2');
const { WebSocketServer } = require('ws');
const { Server } = require('socket.io');

const page = () => createServer((request, answer) => answer.end('page'));
const echo = (ws) => {
  ws.on('error', () => {});
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
};
// A WebSocketServer with these options, at /ws.
const server = (options, connected = echo) => {
  const http = page();
  new WebSocketServer({ server: http, path: '/ws', ...options }).on('connection', connected);
  return http;
};
// An upgrade handler that answers by itself.
const upgrade = (answer) => page().on('upgrade', (request, socket) => socket.end(answer));

const modes = {
  right: () => server({}),
  deflate: () => server({ perMessageDeflate: true }),
  protocols: () => server({ handleProtocols: () => false }),
  soup: () => server({ handleProtocols: () => 'soup' }),
  verify: () => server({ verifyClient: () => false }),
  full: () => server({ verifyClient: (info, done) => done(false, 403, 'no seat is left') }),
  limited: () => server({ verifyClient: (info, done) => done(false, 429, 'slow down', { 'Retry-After': '7' }) }),
  origin: () => server({ verifyClient: ({ origin }) => !origin || origin === 'https://chat.test' }),
  catchall: () => page(),
  forgotten: () => page().on('upgrade', () => {}),
  later: () => server({}, (ws) => ws.close(1013, 'try later')),
  token: () => server({}, (ws) => ws.close(4401, 'no token')),
  terminate: () => server({}, (ws) => ws.terminate()),
  prints: () => server({}, (ws) => ws._socket.write('client connected\n')),
  masks: () => server({}, (ws) => ws._socket.write(Buffer.from([0x81, 0x82, 1, 2, 3, 4, 0x69, 0x6b]))),
  cuts: () => server({}, (ws) => ws._socket.end(Buffer.from([0x81, 5, 0x68, 0x69]))),
  paused: () => server({}, (ws) => ws.pause()),
  login: () => upgrade('HTTP/1.1 401 Unauthorized\r\n\r\n'),
  redirect: () => upgrade('HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n'),
  key: () => upgrade('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'),
  http2: () => http2.createServer(),
  io: () => {
    const http = page();
    new Server(http);
    return http;
  },
  polling: () => {
    const http = page();
    new Server(http, { transports: ['polling'] });
    return http;
  },
};
process.on('uncaughtException', () => {});
modes[process.argv[2]]().listen(process.argv[3], '127.0.0.1');
