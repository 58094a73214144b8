// A recorded session: a file that somebody chooses or drops on the page. No server is needed.

import { readRecording } from './session.js';

/** Bytes of a file that is read. */
const LIMIT = 64 * 1024 * 1024;

/** `opened(session, name, refused)` gets what was read; `failed(key)` says why nothing was. */
export function openRecordings(input, { opened, failed }) {
  async function open(file) {
    if (!file) return;
    if (file.size > LIMIT) return failed('recording_big');
    const { session, refused } = readRecording(await file.text());
    if (session.events.length === 0) return failed('recording_none');
    opened(session, file.name, refused);
  }
  input.addEventListener('change', () => {
    open(input.files[0]);
    input.value = ''; // the same file may be chosen once more
  });
  document.addEventListener('dragover', (event) => event.preventDefault());
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    open(event.dataTransfer.files[0]);
  });
}

/** Gives the person a file. */
export function download(blob, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
