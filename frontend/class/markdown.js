// A lesson's Markdown as elements: headings, paragraphs, lists, tables, code, emphasis and links.
// All text goes in as text. A link goes only to http and https.

import { element } from './element.js';

/** Characters of a text that are read. */
const LIMIT = 200_000;

export function render(markdown) {
  const lines = markdown.slice(0, LIMIT).replace(/<!--[\s\S]*?-->/g, '').split(/\r?\n/);
  const blocks = [];
  while (lines.length > 0) {
    const block = take(lines);
    if (block) blocks.push(block);
  }
  return blocks;
}

/** The next block; it takes its lines away. */
function take(lines) {
  const line = lines.shift();
  const heading = /^(#{1,6})\s+(.*)$/.exec(line);
  const fence = /^(`{3,}|~{3,})(\w*)/.exec(line);
  if (!line.trim()) return null;
  if (heading) return element(`h${Math.min(heading[1].length + 1, 6)}`, '', ...inline(heading[2]));
  if (fence) {
    const code = takeWhile(lines, (next) => !next.startsWith(fence[1]));
    lines.shift();
    const block = element('pre', fence[2], element('code', '', code.join('\n')));
    block.tabIndex = 0; // a long line is read by scrolling
    return block;
  }
  if (line.startsWith('|')) return table([line, ...takeWhile(lines, (next) => next.startsWith('|'))]);
  if (line.startsWith('>')) {
    const quoted = [line, ...takeWhile(lines, (next) => next.startsWith('>'))];
    return element('blockquote', '', ...inline(quoted.map((it) => it.replace(/^>\s?/, '')).join(' ')));
  }
  const bullet = /^\s*([-*]|\d+\.)\s+/;
  if (bullet.test(line)) {
    const list = element(/^\s*\d/.test(line) ? 'ol' : 'ul');
    const all = [line, ...takeWhile(lines, (next) => bullet.test(next) || /^\s{2,}\S/.test(next))];
    for (const item of all) {
      if (bullet.test(item)) list.append(entry(item.replace(bullet, '')));
      else list.lastChild.append(' ', ...inline(item.trim()));
    }
    return list;
  }
  const more = takeWhile(lines, (next) => next.trim() && !/^(#{1,6}\s|`{3}|~{3}|\||>)/.test(next) && !bullet.test(next));
  return element('p', '', ...inline([line, ...more].join(' ')));
}

/** An entry of a list; `[x] ` begins an answer that is right, and `[ ] ` one that is not. */
function entry(text) {
  const box = /^\[([ x])\] /.exec(text);
  if (!box) return element('li', '', ...inline(text));
  const isRight = box[1] === 'x';
  return element('li', isRight ? 'answer right' : 'answer', isRight ? '✓ ' : '○ ', ...inline(text.slice(box[0].length)));
}

/** Takes lines away for as long as they are wanted. */
function takeWhile(lines, wanted) {
  const end = lines.findIndex((line) => !wanted(line));
  return lines.splice(0, end < 0 ? lines.length : end);
}

function table(rows) {
  const cells = (row) => row.replace(/^\||\|\s*$/g, '').split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
  const made = element('table');
  rows.filter((row) => !/^\|[\s:|-]+\|?\s*$/.test(row)).forEach((row, index) => {
    const line = made.insertRow();
    for (const cell of cells(row)) line.append(element(index === 0 ? 'th' : 'td', '', ...inline(cell)));
  });
  return made;
}

const SPAN = /(`+)(.+?)\1|\*\*(.+?)\*\*|\*(.+?)\*|\[([^\]]+)\]\(([^)\s]+)\)|<(https?:\/\/[^>\s]+)>/g;

/** Code, emphasis and links within a line. */
function inline(text) {
  const pieces = [];
  let at = 0;
  for (const found of text.matchAll(SPAN)) {
    pieces.push(text.slice(at, found.index), span(found));
    at = found.index + found[0].length;
  }
  return [...pieces, text.slice(at)];
}

function span([, , code, strong, emphasis, words, target, bare]) {
  if (code !== undefined) return element('code', '', code);
  if (strong !== undefined) return element('strong', '', ...inline(strong));
  if (emphasis !== undefined) return element('em', '', ...inline(emphasis));
  const address = bare ?? target;
  if (!/^https?:\/\//.test(address)) return element('span', '', ...inline(words)); // to another file of the course
  const link = element('a', '', words ?? bare);
  link.href = address;
  link.rel = 'noopener noreferrer';
  link.target = '_blank';
  return link;
}
