// The doctor's page before a class: a code that a phone scans, how far the phone has come, and what stops it.

import { element } from './element.js';
import { setText, t } from './i18n.js';
import './settings.js';

/** Milliseconds between two questions to the doctor. */
const POLL = 1_000;

/** The steps of a phone, and the faults of rooms. */
const STEPS = ['loaded', 'opened', 'sent', 'heard'];
const USUAL = ['isolated_wifi', 'firewall', 'mobile_data', 'asked_for_tls'];

const $ = (selector) => document.querySelector(selector);

let told = { state: 'waiting', why: null, furthest: null, firewall: null, url: '' };

function show() {
  const { state, why, furthest, firewall, url } = told;
  $('#url').textContent = url;
  $('#code').alt = t('join_code');
  if ($('#verdict').dataset.text !== `room_${state}`) {
    $('#verdict').dataset.state = state;
    setText($('#verdict'), `room_${state}`);
  }
  const come = STEPS.indexOf(furthest);
  $('#steps').replaceChildren(...STEPS.map((step, at) => element('li', at <= come ? 'good' : '', t(`room_step_${step}`))));
  $('#why').hidden = !why;
  if (why) setText($('#why p'), `room_why_${why}`, { url, name: firewall?.name ?? '' });
  $('#why pre').hidden = !firewall;
  $('#why pre').textContent = firewall?.mend ?? '';
  $('#usual').replaceChildren(...USUAL.flatMap((fault) => [
    element('dt', fault === why ? 'found' : '', t(`room_usual_${fault}`)),
    element('dd', '', t(`room_mend_${fault}`)),
  ]));
}

async function ask() {
  try {
    told = await (await fetch('state.json', { cache: 'no-store' })).json();
  } catch {
    // The doctor ends when all is well.
    if (told.state !== 'works') told = { ...told, state: 'gone', why: null, firewall: null };
    clearInterval(asking);
  }
  show();
}

$('.languages').addEventListener('click', show);
const asking = setInterval(ask, POLL);
show();
ask();
