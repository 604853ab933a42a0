import { TextFault } from './fault.js';

/** An escape, or what begins like one. */
const escape =
  /\\(?:[abfnrtv\\?'"]|[0-7]|x[0-9a-fA-F]|u[0-9a-fA-F]{4}|U00(?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4})/y;
const plain = /[^\\\n\0"']+/y;

/** Finds the end of the string literal whose quote is at an offset. */
export function scanString(text: string, offset: number): number {
  const quote = text.charAt(offset);
  for (let at = offset + 1; ;) {
    plain.lastIndex = at;
    if (plain.test(text)) at = plain.lastIndex;
    const char = text.charAt(at);
    if (char === quote) return at + 1;
    if (char === '"' || char === "'") {
      at++;
    } else if (char === '\\') {
      escape.lastIndex = at;
      if (!escape.test(text)) throw badEscape(text, at);
      at = escape.lastIndex;
    } else if (char === '\n') {
      throw new TextFault(
        'Multiline strings are not allowed. Did you miss a "?.',
        at,
        'is the closing quote of the line missing?',
      );
    } else {
      throw new TextFault('Unexpected end of string.', at, 'the closing quote is missing');
    }
  }
}

function badEscape(text: string, at: number): TextFault {
  const [begun = ''] =
    /^(?:x|u[0-9a-fA-F]{0,3}|U(?:00?(?:[01][0-9a-fA-F]{0,5})?)?|)/.exec(text.slice(at + 1, at + 10)) ?? [];
  const end = at + 1 + begun.length;
  switch (begun.charAt(0)) {
    case 'x':
      return new TextFault('Expected hex digits for escape sequence.', end);
    case 'u':
      return new TextFault(String.raw`Expected four hex digits for \u escape sequence.`, end);
    case 'U':
      return new TextFault(String.raw`Expected eight hex digits up to 10ffff for \U escape sequence`, end);
    default:
      return new TextFault(
        'Invalid escape sequence in string literal.',
        end,
        String.raw`a backslash itself is written \\`,
      );
  }
}

const bytesOfLetters: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
};
const parts = /\\([0-7]{1,3})|\\x([0-9a-fA-F]{1,2})|\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})|\\([^])|[^\\]+/g;

/** The content of a literal with its quotes, as bytes: an octal or hexadecimal escape is one byte. */
export function stringBytes(literal: string): Buffer {
  const found: Buffer[] = [];
  let text = '';
  const flush = (): void => {
    // Half of a pair alone has no form in UTF-8: C++ makes bytes of it that are none either.
    if (text !== '') found.push(/\p{Surrogate}/u.test(text) ? Buffer.of(0xff) : Buffer.from(text));
    text = '';
  };
  for (const [whole, octal, hex, short, long, letter] of literal.slice(1, -1).matchAll(parts)) {
    const byte = byteOf(octal, hex, letter);
    const code = short ?? long;
    if (byte !== undefined) {
      flush();
      found.push(Buffer.of(byte));
    } else {
      // Halves of a surrogate pair join when the text is encoded.
      text += code === undefined ? whole : String.fromCodePoint(Number.parseInt(code, 16));
    }
  }
  flush();
  return Buffer.concat(found);
}

function byteOf(
  octal: string | undefined,
  hex: string | undefined,
  letter: string | undefined,
): number | undefined {
  if (octal !== undefined) return Number.parseInt(octal, 8) & 0xff;
  if (hex !== undefined) return Number.parseInt(hex, 16);
  return letter === undefined ? undefined : (bytesOfLetters[letter] ?? letter.charCodeAt(0));
}
