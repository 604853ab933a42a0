/** Longer texts are not searched: the search reads them about twenty times. */
const searchedLengthMax = 1024 * 1024;

/**
 * `:line:column`, counted from 1, of the token at which a text could not be read any further; '' when
 * that cannot be told. The parser says no positions, but it reads from left to right: the shortest
 * beginning of the text that fails in the same words ends with the token at fault.
 */
export function findPosition(text: string, message: string, read: (beginning: string) => void): string {
  if (text.length > searchedLengthMax) return '';
  const offset = endsEarly(message) ? text.trimEnd().length : findToken(text, message, read);
  const before = text.slice(0, offset).split('\n');
  return `:${before.length}:${(before.at(-1) ?? '').length + 1}`;
}

/** ` (the "{" of line 3 is not closed)` for a text that ends inside a block or a list. */
export function describeOpenBlock(text: string, message: string): string {
  if (!endsEarly(message)) return '';
  const open: { bracket: string; offset: number }[] = [];
  for (const { 0: token, index } of text.matchAll(/#.*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|[{}<>[\]]/g)) {
    if ('{<['.includes(token)) open.push({ bracket: token, offset: index });
    else if ('}>]'.includes(token)) open.pop();
  }
  const last = open.at(-1);
  if (last === undefined) return '';
  return ` (the "${last.bracket}" of line ${text.slice(0, last.offset).split('\n').length} is not closed)`;
}

function endsEarly(message: string): boolean {
  return /end of input|unterminated/.test(message);
}

function findToken(text: string, message: string, read: (beginning: string) => void): number {
  let [reads, fails] = [0, text.length];
  while (fails - reads > 1) {
    const middle = Math.floor((reads + fails) / 2);
    if (failure(text.slice(0, middle), read) === message) fails = middle;
    else reads = middle;
  }
  const beginning = text.slice(0, fails);
  const [token] = /(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[\w.+-]+|[^])$/.exec(beginning) ?? [''];
  return fails - token.length;
}

function failure(text: string, read: (beginning: string) => void): string {
  try {
    read(text);
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
