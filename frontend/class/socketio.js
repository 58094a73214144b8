// Socket.IO (protocol 5) over Engine.IO (protocol 4): a digit for each layer, then JSON.

import { parsed, pretty } from './json.js';

const ENGINE = { 0: 'open', 1: 'close', 2: 'ping', 3: 'pong', 4: 'message', 5: 'upgrade', 6: 'noop' };
const SOCKET = { 0: 'CONNECT', 1: 'DISCONNECT', 2: 'EVENT', 3: 'ACK', 4: 'CONNECT_ERROR', 5: 'BINARY_EVENT', 6: 'BINARY_ACK' };

/** `42/room,7["say","hi"]` is a message, an event, its namespace, its acknowledgement and its arguments. */
export function readSocketIo(text) {
  const engine = ENGINE[text[0]];
  if (!engine) return null;
  if (engine !== 'message') return { summary: `${engine} ${text.slice(1)}`, lines: [`${text[0]} = ${engine}`, ...pretty(parsed(text.slice(1)))] };
  const parts = /^4(\d)(?:(\d+)-)?(?:(\/[^,]*),)?(\d+)?/.exec(text);
  const kind = SOCKET[parts?.[1]];
  if (!kind) return null;
  const [all, digit, attachments, space = '/', id] = parts;
  const data = parsed(text.slice(all.length));
  const event = Array.isArray(data) && typeof data[0] === 'string' ? ` "${data[0]}"` : '';
  const lines = [`4 = message`, `${digit} = ${kind}`, `namespace = ${space}`];
  if (attachments) lines.push(`attachments = ${attachments}`);
  if (id) lines.push(`ack id = ${id}`);
  return { summary: `${kind}${event}${space === '/' ? '' : ` ${space}`}${id ? ` #${id}` : ''}`, lines: [...lines, ...pretty(data)] };
}
