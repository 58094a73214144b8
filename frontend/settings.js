// How the page looks to this person, and what it remembers of that.

import { person } from './address.js';
import { choose, label, setLanguage } from './i18n.js';

// A browser may forbid storage; then the page forgets, and works.
export function recall(key) {
  try { return localStorage.getItem(`ws101.${key}`); } catch { return null; }
}

export function remember(key, value) {
  try { localStorage.setItem(`ws101.${key}`, value); } catch { /* forgets */ }
}

/** The same, for each person of this browser. */
export function recallMine(key) {
  return recall(key + person);
}

export function rememberMine(key, value) {
  remember(key + person, value);
}

// ---- language: ?lang= wins, then what was chosen here, then what the browser prefers

const languages = document.querySelectorAll('.languages button');

function showLanguage(language) {
  setLanguage(language);
  for (const button of languages) button.setAttribute('aria-pressed', String(button.lang === language));
}

for (const button of languages) {
  button.addEventListener('click', () => {
    showLanguage(button.lang);
    remember('language', button.lang);
  });
}

const asked = new URLSearchParams(location.search).get('lang');
showLanguage(choose([asked, recall('language'), ...navigator.languages].filter(Boolean)));

// ---- theme: the dark colours are one @media rule, and choosing changes its condition

const whenDark = { auto: '(prefers-color-scheme: dark)', light: 'not all', dark: 'all' };
const signs = { auto: '◐', light: '○', dark: '●' };
const rules = [...document.styleSheets[0]?.cssRules ?? []];
const dark = rules.find((rule) => rule.media?.mediaText === whenDark.auto)?.media;
const themeButton = document.querySelector('#themeButton');

function setTheme(theme) {
  if (dark) dark.mediaText = whenDark[theme];
  themeButton.dataset.theme = theme;
  themeButton.textContent = signs[theme];
  label(themeButton, `theme_${theme}`);
}

themeButton.addEventListener('click', () => {
  const themes = Object.keys(whenDark);
  setTheme(themes[(themes.indexOf(themeButton.dataset.theme) + 1) % themes.length]);
  remember('theme', themeButton.dataset.theme);
});

setTheme(Object.hasOwn(whenDark, recall('theme')) ? recall('theme') : 'auto');
