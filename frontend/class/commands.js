// The teacher's commands to the tap: requests with the key that the address brought.
//
// The key comes behind the # of the address, which is never sent to a server. It is taken out of the
// address bar at once, because a projector shows that.

const STORED = 'ws101.class.key';

function takeKey() {
  const key = decodeURIComponent(location.hash.slice(1));
  if (key) {
    history.replaceState(null, '', location.pathname + location.search);
    try { sessionStorage.setItem(STORED, key); } catch { /* lives until the page is loaded anew */ }
    return key;
  }
  try { return sessionStorage.getItem(STORED) ?? ''; } catch { return ''; }
}

const key = takeKey();

/** Whether there is a key. The tap says whether it is the right one. */
export const hasKey = key !== '';

/** A text that only the teacher gets; an `Error` with the tap's sentence if it refuses. */
export async function read(path) {
  const response = await fetch(`/class/${path}`, { cache: 'no-store', headers: { Authorization: `Bearer ${key}` } });
  if (!response.ok) throw new Error(String((await response.json()).error ?? response.status));
  return response.text();
}

/** The answer's JSON; an `Error` with the tap's sentence if it refuses. */
export async function command(method, path, body) {
  const response = await fetch(`/class/${path}`, {
    method,
    cache: 'no-store',
    headers: { Authorization: `Bearer ${key}`, 'Accept-Language': document.documentElement.lang, ...(body && { 'Content-Type': 'application/json' }) },
    body: body && JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(String(answer.error ?? response.status));
  return answer;
}
