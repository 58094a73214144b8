// MQTT 3.1.1 over WebSocket with aedes: PORT=9001 node mqtt.mjs
import { createServer } from 'node:http';
import { Aedes } from 'aedes';
import { WebSocketServer, createWebSocketStream } from 'ws';
const broker = await Aedes.createBroker({ id: 'broker', heartbeatInterval: 3600000 });
broker.authenticate = (client, name, password, done) => {
  if (name !== 'wrong') return done(null, true);
  done(Object.assign(new Error('no'), { returnCode: process.env.ALTERED ? 5 : 4 }), null);
};
const http = createServer();
const sockets = new WebSocketServer({ server: http, handleProtocols: (offered) => offered.has('mqtt') && 'mqtt' });
sockets.on('connection', (socket, request) => {
  const stream = createWebSocketStream(socket);
  stream.on('error', () => {});
  broker.handle(stream, request);
});
http.listen(process.env.PORT, '127.0.0.1');
