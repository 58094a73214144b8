// JSON-RPC 2.0 with rpc-websockets: PORT=9001 node rpc.mjs
import { Server } from 'rpc-websockets';
const server = new Server({ port: Number(process.env.PORT), host: '127.0.0.1' });
const add = process.env.ALTERED ? 1 : 0;
server.event('news');
server.register('sum', ([a, b]) => a + b + add);
server.register('now', () => ({ at: Date.now(), pid: process.pid }));
server.register('fails', () => { throw new Error('it fails'); });
server.register('tell', (text) => { server.emit('news', text); return 'told'; });
server.register('secret', () => 42).protected();
server.setAuth((login) => login.name === 'ann');
