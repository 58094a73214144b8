// The accept value of a handshake, step by step (RFC 6455 §4.2.2, 5.4).

import { hexOf } from './dissect.js';
import { sha1 } from './sha1.js';

/** The same for every WebSocket server in the world (§1.3). */
export const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** From a key to its accept value: what is joined, its SHA-1, and that in Base64. */
export function acceptSteps(key) {
  const joined = key + GUID;
  const digest = sha1(new TextEncoder().encode(joined));
  return { joined, digest: hexOf(digest), accept: btoa(String.fromCharCode(...digest)) };
}
