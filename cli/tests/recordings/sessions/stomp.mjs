// STOMP 1.1 with stomp-broker-js: PORT=9001 node stomp.mjs
import { createServer } from 'node:http';
import StompServer from 'stomp-broker-js';
const http = createServer();
const stomp = new StompServer({ server: http, path: '/stomp', heartbeat: [0, 0], serverName: 'ours' });
stomp.subscribe('/echo', (body, headers) => stomp.send('/back', { of: headers.of ?? 'none' }, process.env.ALTERED ? String(body).toUpperCase() : String(body)));
http.listen(process.env.PORT, '127.0.0.1');
