import { InferenceError } from '../../../inference/error.js';

/** The deepest nesting of arrays and objects; Triton's limit for tensors, and ours for all that is read. */
export const nestingMax = 100;

/** What cannot be read as JSON, in the words of Triton's parser. */
export const syntaxText = {
  empty: 'The document is empty.',
  rootNotSingular: 'The document root must not be followed by other values.',
  value: 'Invalid value.',
  name: 'Missing a name for object member.',
  colon: 'Missing a colon after a name of object member.',
  commaOrCurly: 'Missing a comma or } after an object member.',
  commaOrSquare: 'Missing a comma or ] after an array element.',
  hex: 'Incorrect hex digit after \\u escape in string.',
  surrogate: 'The surrogate pair in string is invalid.',
  escape: 'Invalid escape character in string.',
  quote: 'Missing a closing quotation mark in string.',
  encoding: 'Invalid encoding in string.',
  tooBig: 'Number too big to be stored in double.',
  fraction: 'Miss fraction part in number.',
  exponent: 'Miss exponent in number.',
} as const;

/** The error of a text that is no JSON; Triton calls that an internal one. */
export function syntaxError(text: string, offset: number): InferenceError {
  return new InferenceError('internal', `failed to parse the request JSON buffer: ${text} at ${offset}`);
}

export const nestingText = `JSON nesting depth exceeds maximum allowed limit (${nestingMax})`;

/** The bytes that mean something in JSON. */
export const byte = {
  tab: 0x09,
  lineFeed: 0x0a,
  carriageReturn: 0x0d,
  space: 0x20,
  quote: 0x22,
  plus: 0x2b,
  comma: 0x2c,
  minus: 0x2d,
  dot: 0x2e,
  zero: 0x30,
  colon: 0x3a,
  upperI: 0x49,
  upperN: 0x4e,
  openSquare: 0x5b,
  backslash: 0x5c,
  closeSquare: 0x5d,
  lowerE: 0x65,
  lowerF: 0x66,
  lowerN: 0x6e,
  lowerT: 0x74,
  lowerU: 0x75,
  openCurly: 0x7b,
  closeCurly: 0x7d,
} as const;

/** Where the white space ends that begins at `at`. */
export function skipSpace(bytes: Uint8Array, at: number): number {
  let next = at;
  for (;;) {
    const code = bytes[next];
    if (code !== byte.space && code !== byte.lineFeed && code !== byte.carriageReturn && code !== byte.tab)
      return next;
    next++;
  }
}

/** Whether the ASCII text stands at `at`. */
export function startsWith(bytes: Uint8Array, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}
