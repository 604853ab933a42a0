/** One line that is written over itself on a terminal; elsewhere only what must stay is written. */
export function progress(text: string, stays = false): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}${stays ? '\n' : ''}`);
  else if (text !== '') process.stderr.write(`${text}\n`);
}
