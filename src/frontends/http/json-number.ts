import { noJson } from './json-errors.js';

/** The longest number that is read; no double has so many digits that mean something. */
const charactersMax = 2000;

const zero = 48;
const nine = 57;
const minus = 45;
const plus = 43;
const point = 46;

/** Reads the number that begins at a place, or the names of those that JSON has none for. */
export function readNumber(body: Buffer, start: number): { text: string; end: number } {
  let at = body[start] === minus ? start + 1 : start;
  if (body[at] === zero) at++;
  else if (isDigit(body[at])) at = skipDigits(body, at);
  else at = readName(body, at);
  if (body[at] === point) {
    if (!isDigit(body[at + 1])) throw noJson('fraction', at + 1);
    at = skipDigits(body, at + 1);
  }
  if (body[at] === 0x65 || body[at] === 0x45) {
    at++;
    if (body[at] === plus || body[at] === minus) at++;
    if (!isDigit(body[at])) throw noJson('exponent', at);
    at = skipDigits(body, at);
  }
  if (at - start > charactersMax) throw noJson('tooBig', start);
  const text = body.toString('latin1', start, at);
  // A short one without an exponent cannot be too big.
  if ((at - start > 300 || /[eE]/.test(text)) && !Number.isFinite(Number(text)))
    throw noJson('tooBig', start);
  return { text, end: at };
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= zero && byte <= nine;
}

/** Behind the digits, or so far that there are too many. */
function skipDigits(body: Uint8Array, from: number): number {
  let at = from;
  while (isDigit(body[at]) && at - from <= charactersMax) at++;
  return at;
}

/** Where NaN, Inf or Infinity ends. */
function readName(body: Uint8Array, at: number): number {
  for (const name of ['NaN', 'Infinity', 'Inf']) {
    if (startsWith(body, at, name)) return at + name.length;
  }
  throw noJson('value', at);
}

function startsWith(body: Uint8Array, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (body[at + i] !== text.charCodeAt(i)) return false;
  return true;
}
