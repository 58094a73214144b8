// The page of the phone before a class: opens a WebSocket, sends a frame, and repeats what comes back.

import { Connection } from './connection.js';
import { element } from './element.js';
import { setText, t } from './i18n.js';
import './settings.js';

/** The steps, and the first of them: this page is here. */
const STEPS = ['loaded', 'opened', 'sent', 'heard'];

const $ = (selector) => document.querySelector(selector);

let come = 0;

const connection = new Connection(() => `ws://${location.host}/ws`, [], {
  onOpen() {
    reach('opened');
    connection.send(JSON.stringify({ type: 'hello' }));
  },
  onMessage(data) {
    let told;
    try { told = JSON.parse(data); } catch { return; }
    if (told?.type === 'repeat') {
      reach('sent');
      connection.welcomed();
      connection.send(JSON.stringify({ heard: String(told.text) }));
    } else if (told?.type === 'done') {
      reach('heard');
      connection.stop();
    }
  },
  onState: show,
});

function reach(step) {
  come = Math.max(come, STEPS.indexOf(step));
  show();
}

function show() {
  const works = come === STEPS.length - 1;
  const state = works ? 'works' : connection.state === 'waiting' ? 'fails' : 'waiting';
  $('#verdict').dataset.state = state;
  setText($('#verdict'), `device_${state}`);
  $('#steps').replaceChildren(...STEPS.map((step, at) => element('li', at <= come ? 'good' : '', t(`room_step_${step}`))));
  setText($('#next'), works ? 'device_done' : 'device_stay');
}

$('.languages').addEventListener('click', show);
connection.start();
show();
