// A document that several edit, with y-websocket. Its first author has a random number: PORT=9001 node yjs.mjs
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import utils from 'y-websocket/bin/utils';
const http = createServer();
const sockets = new WebSocketServer({ server: http });
utils.getYDoc('notes').getText('t').insert(0, process.env.ALTERED ? 'good day' : 'hello');
sockets.on('connection', (socket, request) => utils.setupWSConnection(socket, request));
http.listen(process.env.PORT, '127.0.0.1');
