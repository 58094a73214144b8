// A text with its addresses as links. Everything else stays text: nothing of it is HTML.

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`«»]+/giu;
const HOST = /^(https?:\/\/)[^/?#]*/i;
const AFTER = /[.,;:!?…)\]}*_]+$/u; // belongs to the sentence, not to the address

/** The text as strings and <a> elements. */
export function linked(text) {
  const parts = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const address = withoutEnd(found);
    const link = linkTo(address);
    if (!link) continue;
    parts.push(text.slice(end, index), link);
    end = index + address.length;
  }
  return [...parts, text.slice(end)];
}

/** Without the signs of the sentence around it; a closing parenthesis stays if the address opened it. */
function withoutEnd(address) {
  const cut = address.replace(AFTER, '');
  const rest = address.slice(cut.length);
  return rest.startsWith(')') && cut.split('(').length > cut.split(')').length ? `${cut})` : cut;
}

function linkTo(address) {
  const url = URL.parse ? URL.parse(address) : parsed(address);
  if (!url || !/^https?:$/.test(url.protocol)) return null;
  const link = document.createElement('a');
  link.href = url.href;
  // The host is shown as it is looked up, so that no letter only looks like another, and no name before an @
  // looks like the host.
  link.textContent = url.hostname.includes('xn--') || url.username ? address.replace(HOST, `$1${url.host}`) : address;
  link.target = '_blank';
  link.rel = 'noopener noreferrer nofollow';
  return link;
}

function parsed(address) {
  try { return new URL(address); } catch { return null; }
}
