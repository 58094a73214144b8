// Takes a frame apart: its bytes as they crossed, and the meaning of each (RFC 6455 §5.2). It knows no page.

/** The opcodes that have a name (§11.8). */
const KINDS = { 0: 'continuation', 1: 'text', 2: 'binary', 8: 'close', 9: 'ping', 10: 'pong' };
const SECTIONS = { 0: '§5.4', 1: '§5.6', 2: '§5.6', 8: '§5.5.1', 9: '§5.5.2', 10: '§5.5.3' };

/** The payload of a frame event as the application reads it: without the mask. */
export function payloadOf({ text, base64 }) {
  if (typeof text === 'string') return new TextEncoder().encode(text);
  try { return Uint8Array.from(atob(base64 ?? ''), (letter) => letter.charCodeAt(0)); } catch { return new Uint8Array(); }
}

/** Masks or unmasks (§5.3): the same operation. */
export function masked(payload, key) {
  return payload.map((byte, at) => byte ^ key[at % 4]);
}

const hex = (byte) => byte.toString(16).padStart(2, '0');
export const hexOf = (bytes, between = ' ') => [...bytes].map(hex).join(between);
const bitsOf = (value, count) => value.toString(2).padStart(count, '0');

/** The length as it is written: 7 bits, or 126 and 16 bits, or 127 and 64 bits. */
function lengthBytes(length) {
  if (length <= 125) return [length, []];
  if (length <= 0xffff) return [126, [length >> 8, length & 0xff]];
  const high = Math.floor(length / 2 ** 32);
  return [127, [high, length % 2 ** 32].flatMap((word) => [24, 16, 8, 0].map((by) => (word >>> by) & 0xff))];
}

/** The groups of bytes of a frame, in their order. A group has an `id`, its bytes, and the fields in it:
 *  each with an id, its value, and its section. The payload is masked as it crossed, and plain beside it. */
export function dissect(event) {
  const { fin, rsv, opcode, length } = event;
  const key = event.mask ? event.mask.match(/../g).map((byte) => parseInt(byte, 16)) : null;
  const [short, extended] = lengthBytes(length);
  const groups = [
    {
      id: 'flags', bytes: [(fin ? 0x80 : 0) | (rsv << 4) | opcode], fields: [
        { id: fin ? 'fin_1' : 'fin_0', value: fin ? '1' : '0', section: '§5.2' },
        { id: rsv ? 'rsv_set' : 'rsv_0', value: bitsOf(rsv, 3), section: '§5.2' },
        { id: 'opcode', value: bitsOf(opcode, 4), says: { hex: opcode.toString(16), kind: KINDS[opcode] ?? '?' }, section: SECTIONS[opcode] ?? '§5.2' },
      ],
    },
    {
      id: 'length', bytes: [(key ? 0x80 : 0) | short], fields: [
        { id: key ? 'mask_1' : 'mask_0', value: key ? '1' : '0', section: '§5.1' },
        { id: short < 126 ? 'length_7' : `length_${short}`, value: bitsOf(short, 7), says: { length, count: length }, section: '§5.2' },
      ],
    },
  ];
  if (extended.length > 0) {
    groups.push({ id: 'extended', bytes: extended, fields: [{ id: 'extended', value: '', says: { length, bits: extended.length * 8 }, section: '§5.2' }] });
  }
  if (key) groups.push({ id: 'key', bytes: key, fields: [{ id: 'key', value: '', section: '§5.3' }] });

  const plain = payloadOf(event);
  const crossed = key ? masked(plain, key) : plain;
  const part = (id, from, to, fields) => groups.push({
    id, bytes: [...crossed.slice(from, to)], plain: [...plain.slice(from, to)], fields,
  });
  if (opcode === 8 && plain.length >= 2) {
    part('code', 0, 2, [{ id: 'code', value: '', says: { code: String(plain[0] * 256 + plain[1]) }, section: '§7.4' }]);
    if (plain.length > 2) part('reason', 2, plain.length, [{ id: 'reason', value: '', says: { count: plain.length - 2 }, section: '§5.5.1' }]);
  } else if (plain.length > 0) {
    part('payload', 0, plain.length, [{ id: key ? 'payload_masked' : 'payload', value: '', says: { count: length }, section: '§5.2' }]);
  } else if (length === 0) {
    groups.push({ id: 'payload', bytes: [], plain: [], fields: [{ id: opcode === 8 ? 'no_code' : 'empty', value: '', section: opcode === 8 ? '§7.1.5' : '§5.2' }] });
  }
  // The tap keeps the front of a long payload, and hides secrets in it, so the two may differ.
  return { groups, key, plain, whole: plain.length === length };
}
