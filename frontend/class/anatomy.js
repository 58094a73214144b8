// One frame, byte by byte: each part has a colour and a number, and a sentence with its section.

import { dissect, hexOf } from './dissect.js';
import { visible } from './describe.js';
import { element } from './element.js';
import { lensFor } from './lenses.js';
import { number, t } from './i18n.js';

/** Bytes of a part that are shown, in each form. */
const SHOWN = { hex: 96, bits: 32, text: 256 };
const BADGES = '①②③④⑤⑥';

export class Anatomy {
  #place; #shown = '';

  constructor(place) {
    this.#place = place;
    // Byte and sentence point at each other.
    for (const kind of ['pointerover', 'focusin']) {
      place.addEventListener(kind, ({ target }) => this.#point(target.closest('[data-part]')?.dataset.part));
    }
    place.addEventListener('pointerleave', () => this.#point());
  }

  #point(part) {
    for (const piece of this.#place.querySelectorAll('[data-part]')) {
      piece.classList.toggle('pointed', piece.dataset.part === part);
    }
  }

  /** `form` is hex, bits or text; with `unmask` the payload is shown as the application reads it. */
  show(event, socket, form, unmask) {
    const shown = [event?.n, form, unmask, t('wire'), socket?.subprotocol].join();
    if (shown === this.#shown) return;
    this.#shown = shown;
    if (!event) return this.#place.replaceChildren(element('p', 'empty', t('choose_frame')));
    if (event.event !== 'frame' && event.event !== 'held') return this.#place.replaceChildren(element('p', 'empty', t(`told_${event.event}`)));
    const { groups, key, whole } = dissect(event);
    const bytes = element('p', `bytes ${form}`);
    const table = element('table');
    const body = table.createTBody();
    groups.forEach((group, index) => {
      const badge = BADGES[index];
      bytes.append(this.#bytes(group, badge, form, unmask), ' ');
      for (const field of group.fields) this.#field(body, group, field, badge, key);
    });
    const remarks = [];
    if (event.fault) remarks.push(element('p', 'fault', t('by_fault', { fault: event.fault })));
    if (event.violation) remarks.push(element('p', 'violation', `${t('violation_word')}: ${visible(event.violation, 300)} · ${event.section}`));
    if (!whole) remarks.push(element('p', 'remark', t(event.sha256 ? 'kept' : 'hidden', { kept: number(groups.at(-1).bytes.length), length: number(event.length) })));
    const lens = lensFor(event, socket);
    const read = lens ? [this.#lens(lens)] : [];
    this.#place.replaceChildren(bytes, ...remarks, table, ...read);
  }

  #bytes({ id, bytes, plain }, badge, form, unmask) {
    const part = element('span', `part part-${id}`);
    part.dataset.part = id;
    const seen = unmask && plain ? plain : bytes;
    const front = seen.slice(0, SHOWN[form]);
    const text = plain && form === 'text' ? letters(front, unmask) : form === 'bits' ? bits(id, front) : hexOf(front);
    const mark = element('sup', '', badge);
    part.append(mark, element('bdi', '', text || t('nothing')));
    if (seen.length > front.length) part.append(element('i', '', t('more_bytes', { count: seen.length - front.length })));
    return part;
  }

  #field(body, group, { id, value, says, section }, badge, key) {
    const row = body.insertRow();
    row.dataset.part = group.id;
    row.insertCell().append(element('span', `badge part-${group.id}`, badge));
    row.insertCell().append(element('code', '', value));
    const cell = row.insertCell();
    cell.append(t(`field_${id}`, says));
    if (id === 'payload_masked' && key) {
      const [crossed, plain] = [group.bytes[0], group.plain[0]].map((byte) => hexOf([byte]));
      cell.append(' ', element('code', '', `${crossed} xor ${hexOf([key[0]])} = ${plain}`));
    }
    if (id === 'reason' || id === 'payload' || id === 'payload_masked') cell.append(' ', element('bdi', 'said', `“${letters(group.plain.slice(0, 60), true)}”`));
    row.insertCell().append(element('span', 'section', section));
  }

  #lens({ name, why, lines }) {
    const box = element('div', 'lens', element('h3', '', t('lens', { name, why })));
    const text = element('pre', '', lines.join('\n'));
    text.dir = 'auto';
    box.append(text);
    return box;
  }
}

/** The bits of the first two bytes stand apart as the fields do. */
function bits(id, bytes) {
  const whole = bytes.map((byte) => byte.toString(2).padStart(8, '0'));
  if (id === 'flags') return whole[0].replace(/^(.)(...)(.*)$/, '$1 $2 $3');
  if (id === 'length') return whole[0].replace(/^(.)(.*)$/, '$1 $2');
  return whole.join(' ');
}

/** As letters; a byte that is none is a dot. */
function letters(bytes, plain) {
  if (plain) {
    try { return visible(new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes))); } catch { /* the front of a letter, or no text */ }
  }
  return bytes.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·')).join('');
}
