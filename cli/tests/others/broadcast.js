// A message goes to everybody else: after "Server broadcast" in the README of ws,
// https://github.com/websockets/ws (MIT), whose server this is.
//
//     PORT=8080 node broadcast.js

const WebSocket = require('ws');

const server = new WebSocket.Server({ host: '127.0.0.1', port: process.env.PORT });

server.on('connection', (socket) => {
  socket.on('error', console.error);
  socket.on('message', (data, isBinary) => {
    for (const client of server.clients) {
      if (client !== socket && client.readyState === WebSocket.OPEN) {
        client.send(data, { binary: isBinary });
      }
    }
  });
});
