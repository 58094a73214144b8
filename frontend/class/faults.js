// The faults as the teacher's panel has them: a button and a key for each, and its rule in the words of
// `ws101 tap --fault`.

/** `rule` makes the rule of the panel's fields. A `sided` fault needs a side; a `nameless` one is for requests,
 *  which have no name yet; one that is `everywhere` is for the pages of all phones; what is done at `once` is done
 *  to the connections that are open now. */
export const FAULTS = [
  { id: 'close', key: 'c', rule: ({ code }) => `close ${code}`, once: true },
  { id: 'reset', key: 'k', rule: () => 'reset', once: true },
  { id: 'silence', key: 's', rule: () => 'silence' },
  { id: 'delay', key: 'd', rule: ({ kind, time }) => `delay ${kind} ${time}` },
  { id: 'drop', key: 'p', rule: ({ kind }) => `drop ${kind}` },
  { id: 'duplicate', key: 'y', rule: ({ kind }) => `duplicate ${kind}` },
  { id: 'reorder', key: 'o', rule: ({ kind }) => `reorder ${kind}` },
  { id: 'flip', key: 'b', rule: ({ kind }) => `flip ${kind}` },
  { id: 'slow', key: 'w', rule: ({ bytes }) => `slow ${bytes}` },
  { id: 'cut', key: 'x', rule: ({ bytes }) => `cut ${bytes}` },
  { id: 'split', key: 'z', rule: () => 'split 1' },
  { id: 'coalesce', key: 'g', rule: ({ time }) => `coalesce ${time}` },
  { id: 'forge', key: 'f', rule: ({ hex }) => `forge ${hex}`, sided: true, once: true },
  { id: 'throttle', key: 'v', rule: () => 'throttle timers', everywhere: true },
  { id: 'refuse', key: 'r', rule: ({ status }) => `refuse ${status}`, nameless: true },
];

/** Faults that are no frame's: they are for both sides. */
const SIDELESS = new Set(['close', 'reset', 'refuse']);

/** The whole rule: what, from which side, and on which connections. */
export function ruleFor(fault, fields) {
  if (fault.everywhere) return fault.rule();
  const words = [fault.rule(fields)];
  const from = fault.sided && fields.from === 'both' ? 'server' : fields.from;
  if (!SIDELESS.has(fault.id) && from !== 'both') words.push(`from ${from}`);
  if (fields.target === 'one' && !fault.nameless && fields.name) words.push(`on ${fields.name}`);
  if (fields.target === 'path' && fields.path) words.push(`on ${fields.path}`);
  return words.join(' ');
}
