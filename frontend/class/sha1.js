// SHA-1 (RFC 3174), in plain JavaScript: `crypto.subtle` does not exist on a page that came by http://
// from the network, and the handshake is explained on such pages.

const turn = (word, by) => (word << by) | (word >>> (32 - by));

/** The 20 bytes of the digest. */
export function sha1(bytes) {
  const state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
  const padded = new Uint8Array(Math.ceil((bytes.length + 9) / 64) * 64);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 2 ** 29));
  view.setUint32(padded.length - 4, (bytes.length * 8) >>> 0);
  for (let at = 0; at < padded.length; at += 64) block(state, view, at);
  const digest = new DataView(new ArrayBuffer(20));
  state.forEach((word, index) => digest.setInt32(index * 4, word));
  return new Uint8Array(digest.buffer);
}

function block(state, view, at) {
  const words = Array.from({ length: 80 }, (_, index) => (index < 16 ? view.getInt32(at + index * 4) : 0));
  for (let index = 16; index < 80; index++) {
    words[index] = turn(words[index - 3] ^ words[index - 8] ^ words[index - 14] ^ words[index - 16], 1);
  }
  let [a, b, c, d, e] = state;
  words.forEach((word, index) => {
    const [mixed, constant] = [
      [(b & c) | (~b & d), 0x5a827999],
      [b ^ c ^ d, 0x6ed9eba1],
      [(b & c) | (b & d) | (c & d), 0x8f1bbcdc],
      [b ^ c ^ d, 0xca62c1d6],
    ][Math.floor(index / 20)];
    const next = (turn(a, 5) + mixed + e + constant + word) | 0;
    [a, b, c, d, e] = [next, a, turn(b, 30), c, d];
  });
  [a, b, c, d, e].forEach((word, index) => { state[index] = (state[index] + word) | 0; });
}
