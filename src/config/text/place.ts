/** A place in a text, both counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

const tabWidth = 8;

/** The place of an offset as C++ counts it: columns are bytes of UTF-8, and a tab goes to the next multiple of eight. */
export function placeAt(text: string, offset: number): Place {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  let column = 0;
  for (const char of before.slice(before.lastIndexOf('\n') + 1)) {
    column += char === '\t' ? tabWidth - (column % tabWidth) : Buffer.byteLength(char);
  }
  return { line, column: column + 1 };
}
