// An event in a few characters: for the lists, the sequence and the speech of a screen reader.

/** Characters of a payload in one line. */
const SHORT = 160;

/** The text with all that is invisible written out: control characters, and marks that turn the line around. */
export function visible(text, limit = Infinity) {
  const front = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return front.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\u2028\u2029]/gu, (letter) => {
    if (letter === '\n') return '⏎';
    if (letter === '\u200d') return letter; // joins emoji
    return `\\u{${letter.codePointAt(0).toString(16)}}`;
  });
}

/** Accents that are piled upon accents would cover the lines above: three of them are kept. */
const flat = (text) => text.replace(/(\p{M}{3})\p{M}+/gu, '$1');

/** The event in one line, and the part of it that is a peer's own words. */
export function describe(event) {
  switch (event.event) {
    case 'request': return { kind: event.request?.method ?? 'GET', text: visible(event.request?.target ?? '', SHORT) };
    case 'answer': return { kind: String(event.status ?? '?'), text: '' };
    case 'frame': case 'held': return { kind: kindOf(event), text: payloadLine(event) };
    case 'end': return { kind: 'eof', text: event.error ?? '' };
    case 'fault': return { kind: 'fault', text: event.fault };
    case 'torn': return { kind: 'torn', text: `${event.received} / ${event.length ?? '?'}` };
    case 'stray': return { kind: 'stray', text: '' };
    case 'unreachable': case 'full': return { kind: String(event.status), text: visible(event.error ?? '', SHORT) };
    case 'missed': return { kind: 'missed', text: String(event.frames) };
    default: return { kind: visible(event.event, 20), text: '' };
  }
}

/** As in the wire language: a fragment that is not the last has dots behind its kind. */
function kindOf({ kind, fin }) {
  return fin ? kind : `${kind}…`;
}

function payloadLine({ opcode, code, reason, text, length }) {
  if (opcode === 8) return code === undefined || code === null ? '' : `${code}${reason ? ` "${flat(visible(reason, SHORT))}"` : ''}`;
  if (typeof text === 'string' && text) return flat(visible(opcode > 8 ? `"${text}"` : text, SHORT));
  return opcode === 2 ? `${length} B` : '';
}

/** The colour of an event: by its sender, or `control`, or `fault`, which comes before all others. */
export function colour(event) {
  if (event.fault || event.event === 'fault') return 'fault';
  if (event.event === 'frame' && event.opcode >= 8) return 'control';
  if (event.from === 'client') return 'sent';
  return event.from === 'server' ? 'received' : 'remark';
}

/** 23:52:40.839, in the reader's time zone. */
export function clock(time, digits = 3) {
  const date = new Date(time);
  const two = (number) => String(number).padStart(2, '0');
  const front = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return digits ? `${front}.${String(date.getMilliseconds()).padStart(3, '0').slice(0, digits)}` : front;
}
