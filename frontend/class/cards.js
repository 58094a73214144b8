// The experiments. Each opens a connection of its own to the example, and does one thing to it.

/** `right` is the right answer; `faulty` needs the teacher's key; of a `silent` one the page sees nothing;
 *  `run(client, fault)` is the press:
 *  `client` is a connection of this page, and `fault(rule)` does something to it on its way. */
export const CARDS = [
  { id: 'no_code', right: 'c', section: 'RFC 6455 §7.1.5', run: (client) => client.close() },
  { id: 'reset', right: 'b', section: 'RFC 6455 §7.1.5', faulty: true, run: (client, fault) => fault('reset') },
  { id: 'pong', right: 'a', section: 'RFC 6455 §5.5.3', faulty: true, silent: true, run: (client, fault) => fault('forge 8a 02 68 69 from server') },
  {
    id: 'split', right: 'a', section: 'RFC 6455 §5.2', faulty: true, async run(client, fault) {
      await fault('split 1 from server');
      client.talk();
    },
  },
  { id: 'reserved', right: 'b', section: 'RFC 6455 §5.2', faulty: true, run: (client, fault) => fault('forge c1 01 61 from server') },
];
