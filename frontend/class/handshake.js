// The handshake: each header explained, and the accept value computed step by step (RFC 6455 §4).

import { acceptSteps, GUID } from './accept.js';
import { visible } from './describe.js';
import { element } from './element.js';
import { header } from './sockets.js';
import { has, t } from './i18n.js';

/** Characters of a header's value that are shown. */
const VALUE = 200;

/** The values that headers of a sound handshake must have, where we can say. */
const REQUIRED = {
  upgrade: (value) => value.toLowerCase().split(',').map((it) => it.trim()).includes('websocket'),
  connection: (value) => value.toLowerCase().split(',').map((it) => it.trim()).includes('upgrade'),
  'sec-websocket-version': (value) => value === '13',
  'sec-websocket-key': (value) => /^[A-Za-z0-9+/]{22}==$/.test(value),
  host: (value) => value !== '',
};

/** Headers that tell a class more of a person than the person chose to tell: shown when somebody asks. */
const PRIVATE = /^(user-agent|sec-ch-ua.*|accept-language|cookie|x-forwarded-for|forwarded)$/;

export class Handshake {
  #place; #shown = [];

  constructor(section) {
    this.#place = section;
  }

  show({ sockets, selected, frame }) {
    const socket = sockets.get(selected ?? frame?.socket);
    const shown = [socket?.request, socket?.answer, t('handshake')];
    if (this.#shown.length > 0 && shown.every((it, at) => it === this.#shown[at])) return;
    this.#shown = shown;
    if (!socket) return this.#place.replaceChildren(element('p', 'empty', t('choose_connection')));
    const { request, answer } = socket;
    const parts = [element('h3', 'sent', `→ ${request ? visible(`${request.method} ${request.target}`, VALUE) : t('not_seen')}`)];
    if (request) parts.push(table(request.headers, (name, value) => REQUIRED[name]?.(value)));
    parts.push(element('h3', 'received', `← ${answer ? `${answer.status} ${t(has(`status_${answer.status}`) ? `status_${answer.status}` : 'status_other')}` : t('no_answer')}`));
    if (answer) {
      const expected = acceptSteps(header(request?.headers ?? [], 'sec-websocket-key')).accept;
      const right = { ...REQUIRED, 'sec-websocket-accept': (value) => value === expected };
      parts.push(table(answer.headers, (name, value) => (answer.status === 101 ? right[name]?.(value) : undefined)));
    }
    if (request) parts.push(...steps(header(request.headers, 'sec-websocket-key'), header(answer?.headers ?? [], 'sec-websocket-accept')));
    this.#place.replaceChildren(...parts);
  }
}

function table(headers, verdict) {
  const made = element('table', 'headers');
  const body = made.createTBody();
  for (const [name, value] of headers) {
    const row = body.insertRow();
    const sound = verdict(name.toLowerCase(), value);
    const mark = row.insertCell();
    if (sound !== undefined) mark.append(element('b', sound ? 'good' : 'bad', sound ? '✓' : '✗'));
    const told = element('code', 'value', visible(value, VALUE));
    const shown = PRIVATE.test(name.toLowerCase()) ? element('details', '', element('summary', '', t('header_private')), told) : told;
    row.insertCell().append(element('code', 'name', visible(name, 60)), ' ', shown);
    const key = `header_${name.toLowerCase().replaceAll('-', '_')}`;
    if (has(key)) row.lastChild.append(element('p', 'says', t(key)));
  }
  return made;
}

/** key + GUID → SHA-1 → Base64, and whether the server came to the same. */
function steps(key, told) {
  if (!key) return [];
  const { joined, digest, accept } = acceptSteps(key);
  const list = element('ol', 'steps');
  const step = (words, value) => list.append(element('li', '', words, element('code', '', value)));
  step(t('accept_key'), key);
  step(t('accept_guid'), GUID);
  step(t('accept_joined'), visible(joined, VALUE));
  step(t('accept_sha1'), digest);
  step(t('accept_base64'), accept);
  const same = told === accept;
  const verdict = element('p', same ? 'good' : 'bad', told ? t(same ? 'accept_same' : 'accept_differs') : t('accept_none'));
  return [element('h3', '', t('accept')), list, verdict];
}
