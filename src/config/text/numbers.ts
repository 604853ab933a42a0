import { TextFault } from './fault.js';

const hex = /0[xX][0-9a-fA-F]*/y;
const octalStart = /0[0-9]/y;
const octal = /0[0-7]*/y;
const decimal = /[0-9]*(?:\.[0-9]*)?/y;
const exponent = /[eE][-+]?/y;
const digits = /[0-9]*/y;

/** Finds the end of the number at an offset, by the rules of protobuf's C++ tokenizer. */
export function scanNumber(text: string, offset: number): { kind: 'integer' | 'float'; end: number } {
  let end = match(hex, text, offset);
  let float = false;
  if (end > offset) {
    if (end === offset + 2) throw new TextFault('"0x" must be followed by hex digits.', end);
  } else if (match(octalStart, text, offset) > offset) {
    end = match(octal, text, offset);
    if (match(digits, text, end) > end) {
      throw new TextFault('Numbers starting with leading zero must be in octal.', end);
    }
  } else {
    end = match(decimal, text, offset);
    float = text.slice(offset, end).includes('.');
    const afterSign = match(exponent, text, end);
    if (afterSign > end) {
      float = true;
      end = match(digits, text, afterSign);
      if (end === afterSign) throw new TextFault('"e" must be followed by exponent.', end);
    }
    if (text.charAt(end).toLowerCase() === 'f') {
      float = true;
      end++;
    }
  }
  checkBehind(text, end, float);
  return { kind: float ? 'float' : 'integer', end };
}

/** Where a pattern that begins at an offset ends; the offset itself when it does not match. */
function match(pattern: RegExp, text: string, offset: number): number {
  pattern.lastIndex = offset;
  return pattern.test(text) ? pattern.lastIndex : offset;
}

function checkBehind(text: string, end: number, float: boolean): void {
  const behind = text.charAt(end);
  if (/[A-Za-z_]/.test(behind)) throw new TextFault('Need space between number and identifier.', end);
  if (behind !== '.') return;
  throw new TextFault(
    float
      ? "Already saw decimal point or exponent; can't have another one."
      : 'Hex and octal numbers must be integers.',
    end,
  );
}

/** The value of an integer token: decimal, hexadecimal or octal. */
export function integerValue(text: string): bigint {
  return BigInt(/^0[0-9]/.test(text) ? `0o${text.slice(1)}` : text);
}

/** The value of a float token, or of a decimal integer that stands for one. */
export function floatValue(text: string): number {
  return Number(text.replace(/[fF]$/, ''));
}
