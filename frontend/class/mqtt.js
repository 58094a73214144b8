// MQTT (3.1.1 and 5): the first packet in a binary frame.

const KINDS = ['?', 'CONNECT', 'CONNACK', 'PUBLISH', 'PUBACK', 'PUBREC', 'PUBREL', 'PUBCOMP',
  'SUBSCRIBE', 'SUBACK', 'UNSUBSCRIBE', 'UNSUBACK', 'PINGREQ', 'PINGRESP', 'DISCONNECT', 'AUTH'];

/** The fixed header, and of a PUBLISH the topic and the message. */
export function readMqtt(bytes) {
  const kind = KINDS[bytes[0] >> 4];
  const size = remaining(bytes);
  if (!kind || kind === '?' || !size) return null;
  const lines = [`${kind} = ${bytes[0] >> 4}`, `remaining length = ${size.length}`];
  if (kind === 'CONNECT') lines.push(`client id = ${text(bytes, size.at + 10)}`);
  if (kind !== 'PUBLISH') return { summary: kind, lines };
  const qos = (bytes[0] >> 1) & 3;
  const topic = text(bytes, size.at);
  const behind = size.at + 2 + ((bytes[size.at] << 8) | bytes[size.at + 1]) + (qos > 0 ? 2 : 0);
  const body = new TextDecoder().decode(bytes.slice(behind, size.at + size.length));
  lines.push(`dup = ${(bytes[0] >> 3) & 1}`, `qos = ${qos}`, `retain = ${bytes[0] & 1}`, `topic = ${topic}`, body);
  return { summary: `PUBLISH ${topic} ${body}`, lines };
}

/** The length that follows: 7 bits a byte, at most four bytes. */
function remaining(bytes) {
  let length = 0;
  for (let at = 1; at <= 4 && at < bytes.length; at++) {
    length += (bytes[at] & 0x7f) * 128 ** (at - 1);
    if (bytes[at] < 0x80) return { length, at: at + 1 };
  }
  return null;
}

/** A text with its length in two bytes before it. */
function text(bytes, at) {
  const length = (bytes[at] << 8) | bytes[at + 1];
  return new TextDecoder().decode(bytes.slice(at + 2, at + 2 + length));
}
