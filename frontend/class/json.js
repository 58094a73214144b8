// JSON of a peer: read without trust, and written for people.

/** The value, or undefined where the text is no JSON. */
export function parsed(text) {
  try { return JSON.parse(text); } catch { return undefined; }
}

/** The lines of the value. */
export const pretty = (value) => (value === undefined ? [] : JSON.stringify(value, null, 2).split('\n'));
