// STOMP 1.2: a command, headers, an empty line, a body, and a zero byte.

const ESCAPES = { '\\n': '\n', '\\r': '\r', '\\c': ':', '\\\\': '\\' };

export function readStomp(text) {
  if (text === '\n' || text === '\r\n') return { summary: 'heart-beat', lines: ['heart-beat'] };
  const [head, ...rest] = text.split(/\r?\n\r?\n/);
  const [command, ...headers] = head.split(/\r?\n/);
  if (!/^[A-Z]+$/.test(command)) return null;
  const named = headers.map((line) => {
    const [name, ...value] = line.split(':');
    return [name, value.join(':').replace(/\\[nrc\\]/g, (two) => ESCAPES[two])];
  });
  const to = named.find(([name]) => name === 'destination')?.[1] ?? '';
  const body = rest.join('\n\n').replace(/\0\s*$/, '');
  return { summary: `${command} ${to}`.trim(), lines: [command, ...named.map(([name, value]) => `${name}: ${value}`), '', ...body.split('\n')] };
}
