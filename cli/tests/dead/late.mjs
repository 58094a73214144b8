// A server that answers each text, and later does what MODE names. PORT=9001 MODE=again node late.mjs
import { spawn } from 'node:child_process';
import { WebSocketServer } from 'ws';

const later = {
  again: (socket) => socket.send('again'),
  closes: (socket) => socket.close(1011),
  drops: (socket) => socket.terminate(),
  pings: (socket) => socket.ping(),
  dies: () => process.exit(3),
};
const { MODE, AFTER = 400, HOST, PORT } = process.env;

/// Sends what it has to send a byte at a time.
function dribble(stream) {
  const write = stream.write.bind(stream);
  let due = [];
  setInterval(() => due.length && write(due.shift()), 250).unref();
  stream.write = (bytes, encoding) => {
    due = due.concat([...Buffer.from(bytes, encoding)].map((byte) => Buffer.from([byte])));
    return true;
  };
}

function serve() {
  const server = new WebSocketServer({ port: PORT, host: HOST });
  server.on('connection', (socket, request) => {
    if (MODE === 'dribbles') dribble(request.socket);
    socket.on('error', () => {});
    socket.on('message', (data) => {
      socket.send(`Принято: ${data}`);
      if (MODE in later) setTimeout(() => later[MODE](socket), AFTER);
    });
  });
}

if (MODE === 'background') {
  spawn(process.execPath, process.argv.slice(1), {
    detached: true,
    stdio: 'ignore',
    env: { ...process.env, MODE: 'none', LIFE: '20000' },
  }).unref();
} else {
  serve();
  // Nobody ends a server in the background.
  if (process.env.LIFE) setTimeout(() => process.exit(), process.env.LIFE);
}
