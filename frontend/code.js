// A text as a QR code (ISO/IEC 18004), for phones: bytes, error correction level L, versions 1 to 10.

const CHECKS = [7, 10, 15, 20, 26, 18, 20, 24, 30, 18]; // bytes of error correction in a block, by version
const BLOCKS = [1, 1, 1, 1, 1, 2, 2, 2, 2, 4];
const LEVEL = 1; // L
const MASK = 0; // a reader takes any; this one breaks up even areas well enough

/** The rows of the code, dark modules as true; null if the text is longer than 271 bytes. */
export function modules(text) {
  const bytes = new TextEncoder().encode(text);
  for (let version = 1; version <= 10; version++) {
    const capacity = (raw(version) >> 3) - CHECKS[version - 1] * BLOCKS[version - 1];
    const lengthBits = version < 10 ? 8 : 16;
    if (4 + lengthBits + bytes.length * 8 <= capacity * 8) return draw(version, withChecks(version, data(bytes, lengthBits, capacity)));
  }
  return null;
}

/** The code as a picture. */
export function picture(text) {
  const rows = modules(text);
  if (!rows) return null;
  const quiet = 4;
  const side = rows.length + 2 * quiet;
  const svg = (tag, attributes) => {
    const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  const image = svg('svg', { viewBox: `0 0 ${side} ${side}`, role: 'img', 'aria-label': text });
  const path = rows.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x + quiet} ${y + quiet}h1v1h-1z` : ''))).join('');
  image.append(svg('rect', { width: side, height: side, fill: '#fff' }), svg('path', { d: path, fill: '#000' }));
  return image;
}

/** The bits of the code that carry data and error correction. */
function raw(version) {
  const aligned = Math.floor(version / 7) + 2;
  const patterns = version > 1 ? (25 * aligned - 10) * aligned - 55 : 0;
  return (16 * version + 128) * version + 64 - patterns - (version >= 7 ? 36 : 0);
}

function data(bytes, lengthBits, capacity) {
  const bits = [];
  const put = (value, length) => { for (let i = length - 1; i >= 0; i--) bits.push((value >> i) & 1); };
  put(4, 4); // bytes
  put(bytes.length, lengthBits);
  for (const byte of bytes) put(byte, 8);
  put(0, Math.min(4, capacity * 8 - bits.length));
  put(0, (8 - (bits.length % 8)) % 8);
  for (let pad = 0xec; bits.length < capacity * 8; pad ^= 0xec ^ 0x11) put(pad, 8);
  return Array.from({ length: capacity }, (_, i) => Number.parseInt(bits.slice(i * 8, i * 8 + 8).join(''), 2));
}

// ---- error correction

function times(a, b) { // in the field of 256 elements
  let product = 0;
  for (let i = 7; i >= 0; i--) product = (product << 1) ^ ((product >> 7) * 0x11d) ^ (((b >> i) & 1) * a);
  return product;
}

function divisor(degree) {
  const result = new Array(degree).fill(0).with(degree - 1, 1);
  for (let i = 0, root = 1; i < degree; i++, root = times(root, 2)) {
    for (let j = 0; j < degree; j++) result[j] = times(result[j], root) ^ (result[j + 1] ?? 0);
  }
  return result;
}

function checks(block, by) {
  const rest = by.map(() => 0);
  for (const byte of block) {
    const factor = byte ^ rest.shift();
    rest.push(0);
    by.forEach((term, i) => { rest[i] ^= times(term, factor); });
  }
  return rest;
}

/** The blocks, each with its checks, woven into one another. */
function withChecks(version, all) {
  const count = BLOCKS[version - 1];
  const short = Math.floor(all.length / count);
  const longer = all.length % count; // so many of the last ones have one byte more
  const by = divisor(CHECKS[version - 1]);
  const blocks = [];
  for (let i = 0, at = 0; i < count; i++) {
    const end = at + short + (i >= count - longer ? 1 : 0);
    blocks.push(all.slice(at, end));
    at = end;
  }
  const woven = (lists) => Array.from({ length: Math.max(...lists.map((list) => list.length)) }, (_, i) => lists.map((list) => list[i])).flat().filter((byte) => byte !== undefined);
  return [...woven(blocks), ...woven(blocks.map((block) => checks(block, by)))];
}

// ---- the picture

function draw(version, bytes) {
  const size = version * 4 + 17;
  const dark = Array.from({ length: size }, () => new Array(size).fill(false));
  const fixed = Array.from({ length: size }, () => new Array(size).fill(false));
  const set = (x, y, is) => {
    if (!(x in fixed) || !(y in fixed)) return;
    dark[y][x] = Boolean(is);
    fixed[y][x] = true;
  };
  const square = (cx, cy, radius, is) => {
    for (let y = -radius; y <= radius; y++) for (let x = -radius; x <= radius; x++) set(cx + x, cy + y, is(Math.max(Math.abs(x), Math.abs(y))));
  };
  for (let i = 0; i < size; i++) { set(6, i, i % 2 === 0); set(i, 6, i % 2 === 0); }
  for (const [x, y] of [[3, 3], [size - 4, 3], [3, size - 4]]) square(x, y, 4, (ring) => ring !== 2 && ring !== 4);
  const places = alignment(version, size);
  const last = places.length - 1;
  places.forEach((x, i) => places.forEach((y, j) => {
    const corner = (i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0);
    if (!corner) square(x, y, 2, (ring) => ring !== 1);
  }));
  drawFormat(size, set);
  if (version >= 7) drawVersion(version, size, set);

  let bit = 0;
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5;
    for (let step = 0; step < size; step++) {
      for (const x of [right, right - 1]) {
        const y = ((right + 1) & 2) === 0 ? size - 1 - step : step;
        if (fixed[y][x]) continue;
        const value = bit < bytes.length * 8 && (bytes[bit >> 3] >> (7 - (bit & 7))) & 1;
        bit++;
        dark[y][x] = Boolean(value) !== ((x + y) % 2 === 0); // the mask 0
      }
    }
  }
  return dark;
}

function alignment(version, size) {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const step = Math.floor((version * 8 + count * 3 + 5) / (count * 4 - 4)) * 2;
  return [6, ...Array.from({ length: count - 1 }, (_, i) => size - 7 - step * (count - 2 - i))];
}

function withRest(value, length, polynomial) {
  let rest = value;
  for (let i = 0; i < length; i++) rest = (rest << 1) ^ ((rest >> (length - 1)) * polynomial);
  return (value << length) | rest;
}

function drawFormat(size, set) {
  const bits = withRest((LEVEL << 3) | MASK, 10, 0x537) ^ 0x5412;
  const at = (i) => (bits >> i) & 1;
  for (let i = 0; i <= 5; i++) set(8, i, at(i));
  set(8, 7, at(6));
  set(8, 8, at(7));
  set(7, 8, at(8));
  for (let i = 9; i < 15; i++) set(14 - i, 8, at(i));
  for (let i = 0; i < 8; i++) set(size - 1 - i, 8, at(i));
  for (let i = 8; i < 15; i++) set(8, size - 15 + i, at(i));
  set(8, size - 8, 1);
}

function drawVersion(version, size, set) {
  const bits = withRest(version, 12, 0x1f25);
  for (let i = 0; i < 18; i++) {
    const [a, b] = [size - 11 + (i % 3), Math.floor(i / 3)];
    set(a, b, (bits >> i) & 1);
    set(b, a, (bits >> i) & 1);
  }
}
