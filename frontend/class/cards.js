// The experiments. Each opens a connection of its own to the example, and does one thing to it.
//
// `experiments/ID.wst` is the same experiment for `ws101 play`, without a browser.

/** `right` is the right answer; `faulty` needs the teacher's key; `sees` is how many things the page is to see
 *  before the experiment is over, 1 if it is not said, and 0 if the page sees nothing; `run(client, fault)` is the
 *  press: `client` is a connection of this page, and `fault(rule)` does something to it on its way. */
export const CARDS = [
  // ---- how a connection ends
  { id: 'no_code', right: 'c', section: 'RFC 6455 §7.1.5', run: (client) => client.close() },
  { id: 'code_999', right: 'a', section: 'RFC 6455 §7.4.1', run: (client) => client.close(999) },
  {
    id: 'no_answer', right: 'b', section: 'RFC 6455 §7.1.5', faulty: true, async run(client, fault) {
      await fault('drop close from server');
      client.close(1000);
    },
  },
  { id: 'reset', right: 'b', section: 'RFC 6455 §7.1.5', faulty: true, run: (client, fault) => fault('reset') },
  {
    id: 'half_open', right: 'c', section: 'RFC 6455 §5.5.2', faulty: true, async run(client, fault) {
      await fault('silence');
      client.talk();
      client.tell(`readyState ${client.state}`);
    },
  },
  { id: 'many', right: 'b', section: 'RFC 6455 §4.1', run: (client) => client.crowd(300) },
  { id: 'deflate', right: 'a', section: 'RFC 6455 §9.1', run: (client) => client.tell(`extensions "${client.extensions}"`) },

  // ---- what is allowed, though it looks odd
  forged('pong', 'a', '§5.5.3', '8a 02 68 69', { sees: 0 }),
  forged('ping_inside', 'b', '§5.4', '01 02 48 65 89 00 80 03 6c 6c 6f'),
  forged('split_letter', 'a', '§5.6', '01 01 c3 80 01 a9'),
  broken('split', 'a', '§5.2', 'split 1 from server'),
  broken('slow', 'b', '§5.2', 'slow 400 from server'),
  broken('duplicate', 'b', '§5.4', 'duplicate text from server', { sees: 2 }),
  {
    ...broken('reorder', 'c', '§5.4', 'reorder text from server', { sees: 2 }), async run(client, fault) {
      await fault('reorder text from server');
      client.talk();
      client.talk();
    },
  },

  // ---- what breaks a rule, and who says so
  {
    ...forged('length_lies', 'c', '§5.2', '81 05 68 69'), async run(client, fault) {
      await fault('forge 81 05 68 69 from server');
      client.talk();
    },
  },
  forged('reserved', 'b', '§5.2', 'c1 01 61'),
  forged('unmasked', 'a', '§5.1', '81 02 68 69', { from: 'client' }),
  forged('masked', 'b', '§5.1', '81 82 00 00 00 00 68 69'),
  forged('utf8', 'c', '§8.1', '81 82 00 00 00 00 c3 28', { from: 'client' }),
  forged('control_126', 'b', '§5.5', `89 7e 00 7e${' 61'.repeat(126)}`),
  forged('continuation', 'a', '§5.4', '80 01 61'),
];

/** Bytes that the tap sends as if they came from one side. */
function forged(id, right, section, hex, { from = 'server', ...more } = {}) {
  return { id, right, section: `RFC 6455 ${section}`, faulty: true, ...more, run: (client, fault) => fault(`forge ${hex} from ${from}`) };
}

/** Something that the tap does to what the server answers. */
function broken(id, right, section, rule, more = {}) {
  return {
    id, right, section: `RFC 6455 ${section}`, faulty: true, ...more, async run(client, fault) {
      await fault(rule);
      client.talk();
    },
  };
}
