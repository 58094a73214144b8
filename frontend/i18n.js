// Puts the page's words into its elements, and puts them there again in another language.

import { texts } from './texts.js';

/** The language now in use. */
export let language = 'en';
let clock, calendar, days;

/** The first language in the list that we speak: ['de', 'ru-RU', 'en'] gives 'ru'. */
export function choose(wanted) {
  const short = wanted.map((tag) => String(tag).toLowerCase().split('-')[0]);
  return short.find((tag) => Object.hasOwn(texts, tag)) ?? 'en';
}

export function has(key) {
  return Object.hasOwn(texts.en, key);
}

/** A text as a list of strings and values. A value may be a DOM node, as a stranger's
 *  name goes into an element of its own; or a function, to be asked in each language. */
function pieces(key, values = {}) {
  let text = texts[language][key];
  if (typeof text === 'object') {
    text = text[new Intl.PluralRules(language).select(values.count)];
  }
  return text.split(/\{(\w+)\}/).map((piece, index) => {
    if (index % 2 === 0) return piece; // every other piece is a name in braces
    const value = values[piece] ?? '';
    if (typeof value === 'function') return value();
    return typeof value === 'number' ? number(value) : value;
  });
}

export function t(key, values) {
  return pieces(key, values).join('');
}

const given = new WeakMap(); // element -> values, to say the same again in another language

export function setText(element, key, values) {
  element.dataset.text = key;
  given.set(element, values);
  element.replaceChildren(...pieces(key, values));
  return element;
}

export function clear(element) {
  delete element.dataset.text;
  element.replaceChildren();
}

/** Words as an element, for use as a value inside other words. */
export function words(key, values) {
  return setText(document.createElement('span'), key, values);
}

/** The seconds until then, counted down for as long as they are on the page. */
export function countdown(until) {
  const seconds = document.createElement('span');
  seconds.setAttribute('aria-live', 'off'); // a screen reader must not count down aloud
  const tick = () => { seconds.textContent = Math.max(1, Math.ceil((until - Date.now()) / 1000)); };
  tick();
  const ticking = setInterval(() => {
    if (seconds.isConnected && Date.now() < until) tick();
    else clearInterval(ticking);
  }, 250);
  return seconds;
}

/** A person's name: <bdi> keeps one that is written from right to left from turning the line around. */
export function name(text) {
  const element = document.createElement('bdi');
  element.textContent = text;
  return element;
}

export function label(element, key) {
  element.dataset.label = key;
  element.setAttribute('aria-label', t(key));
  if (element.localName === 'button') element.title = t(key);
}

let unread = 0;

/** The title of the page, with so many unread messages. */
export function showTitle(count = unread) {
  unread = count;
  document.title = (count ? `(${count}) ` : '') + t(document.documentElement.dataset.title ?? 'title');
}

/** Says everything on the page in this language. */
export function setLanguage(chosen) {
  language = chosen;
  document.documentElement.lang = language;
  // English follows the reader's own habit: 3:07 PM in Boston, 15:07 in London.
  const own = navigator.languages.find((tag) => tag.startsWith(language)) ?? language;
  clock = new Intl.DateTimeFormat(own, { hour: '2-digit', minute: '2-digit' });
  calendar = new Intl.DateTimeFormat(own, { dateStyle: 'long', timeStyle: 'medium' });
  days = new Intl.DateTimeFormat(own, { weekday: 'long', day: 'numeric', month: 'long' });
  showTitle();
  for (const element of document.querySelectorAll('[data-text]')) {
    setText(element, element.dataset.text, given.get(element));
  }
  for (const element of document.querySelectorAll('[data-label]')) {
    label(element, element.dataset.label);
  }
  for (const element of document.querySelectorAll('[data-placeholder]')) {
    element.placeholder = t(element.dataset.placeholder);
  }
  for (const element of document.querySelectorAll('time')) {
    showTime(element, new Date(element.dateTime));
  }
}

export function showTime(element, date) {
  if ('day' in element.dataset) return showDay(element, date);
  element.dateTime = date.toISOString();
  element.textContent = clock.format(date);
  element.title = calendar.format(date);
}

export function showDay(element, date) {
  element.dateTime = date.toISOString();
  element.textContent = days.format(date);
}

export function number(value, options) {
  return new Intl.NumberFormat(language, options).format(value);
}

/** 9437184 as "9.4 MB". */
export function size(bytes) {
  const [unit, length] = bytes < 1e6 ? ['kilobyte', 1e3] : ['megabyte', 1e6];
  return number(bytes / length, { style: 'unit', unit, maximumFractionDigits: 1 });
}

/** 123456 (milliseconds) as "2 min". */
export function duration(ms) {
  const units = [['day', 864e5], ['hour', 36e5], ['minute', 6e4], ['second', 1e3]];
  const [unit, length] = units.find(([, length]) => ms >= length) ?? ['millisecond', 1];
  return number(Math.floor(ms / length), { style: 'unit', unit, unitDisplay: 'short' });
}
