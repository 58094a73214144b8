// The speaker's notes in a second window: the block that is taught, its minutes, and the minutes that it took.
// The key comes from the teacher's page, which opens this window.

import { hasKey, read } from './commands.js';
import { element } from './element.js';
import './keys.js';
import { render } from './markdown.js';
import { language, setText, t } from './i18n.js';
import './settings.js';

const MINUTE = 60_000;
const SECOND = 1_000;

const $ = (selector) => document.querySelector(selector);

let shown = null; // the language of the notes on the page
let at = -1; // the block that is taught, or -1 before the first
let since = 0; // when it began
const spent = []; // milliseconds of each block that was left

async function load() {
  if (shown === language) return;
  shown = language;
  try {
    $('#notes').replaceChildren(...render(await read(`notes.md?lang=${language}`)));
    for (const row of rows()) row.append(element('td', 'spent'));
    $('#notes thead tr, #notes tr:first-child')?.append(element('th', '', t('notes_spent')));
  } catch (error) {
    shown = null;
    $('#notes').replaceChildren(element('p', 'empty', t(hasKey ? 'refused' : 'notes_key', { why: error.message })));
  }
  show();
}

/** The rows of the blocks: those of the table but for its head. */
function rows() {
  return [...document.querySelectorAll('#notes table tr')].filter((row) => row.querySelector('td'));
}

/** The minutes that a row plans. */
const planned = (row) => Number(row.cells[0].textContent) || 0;

const taken = (block) => (spent[block] ?? 0) + (block === at ? Date.now() - since : 0);

function show() {
  const all = rows();
  let whole = 0;
  all.forEach((row, block) => {
    whole += planned(row);
    const is = block === at;
    if (is) row.setAttribute('aria-current', 'step');
    else row.removeAttribute('aria-current');
    const ms = taken(block);
    const cell = row.querySelector('.spent');
    cell.textContent = ms > 0 ? minutes(ms) : '';
    cell.classList.toggle('late', ms > planned(row) * MINUTE);
  });
  const sum = all.reduce((sum, _, block) => sum + taken(block), 0);
  // Late is who has used more than the blocks up to this one may take.
  const due = all.slice(0, at + 1).reduce((sum, row) => sum + planned(row), 0);
  $('#clock').classList.toggle('late', at >= 0 && sum > due * MINUTE);
  $('#clock').textContent = all.length ? t('notes_clock', { spent: minutes(sum), whole: String(whole) }) : '';
  $('#backBlock').disabled = at < 0;
  $('#nextBlock').disabled = all.length === 0 || at >= all.length;
  setText($('#nextBlock span'), at < 0 ? 'notes_begin' : at >= all.length - 1 ? 'notes_end' : 'notes_next');
}

/** Minutes and seconds: 7:05. */
function minutes(ms) {
  const seconds = Math.floor(ms / SECOND);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

function go(to) {
  const now = Date.now();
  if (at >= 0) spent[at] = taken(at);
  [at, since] = [Math.max(-1, Math.min(to, rows().length)), now];
  show();
  rows()[at]?.scrollIntoView({ block: 'nearest' });
}

$('#nextBlock').addEventListener('click', () => go(at + 1));
$('#backBlock').addEventListener('click', () => go(at - 1));
$('.languages').addEventListener('click', load);
setInterval(show, SECOND);
load();
