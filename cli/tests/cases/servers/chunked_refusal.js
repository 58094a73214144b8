// Refusals whose text comes in chunks, as JSON, or 1 s after the head.
const { createServer } = require('node:http');
createServer((request, answer) => {
  if (request.url === '/slow') {
    answer.writeHead(403, { 'Content-Type': 'text/plain' });
    answer.flushHeaders();
    setTimeout(() => answer.end('your session has expired'), 1000);
  } else if (request.url === '/json') {
    answer.writeHead(403, { 'Content-Type': 'application/json' });
    answer.write(JSON.stringify({ error: 'invalid_token', message: 'the token has expired' }));
    answer.end();
  } else {
    answer.writeHead(400, { 'Content-Type': 'text/plain; charset=utf-8' });
    answer.write('Ошибка: ');
    answer.write('log in first, please');
    answer.end();
  }
}).listen(process.argv[2], '127.0.0.1');
