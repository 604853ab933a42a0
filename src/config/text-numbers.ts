import { TextFault } from './text-fault.js';

/** Finds the end of the number at an offset, by the rules of protobuf's C++ tokenizer. */
export function scanNumber(text: string, offset: number): { kind: 'integer' | 'float'; end: number } {
  const hex = /0[xX][0-9a-fA-F]*/y;
  const octal = /0[0-7]+/y;
  const decimal = /[0-9]*/y;
  const at = (pattern: RegExp, from = offset): number => {
    pattern.lastIndex = from;
    return pattern.test(text) ? pattern.lastIndex : from;
  };
  let end = at(hex);
  let float = false;
  if (end > offset) {
    if (end === offset + 2) throw new TextFault('"0x" must be followed by hex digits.', end);
  } else if (/^0[0-9]/.test(text.slice(offset, offset + 2))) {
    end = Math.max(at(octal), offset + 1);
    if (/[0-9]/.test(text.charAt(end))) {
      throw new TextFault('Numbers starting with leading zero must be in octal.', end);
    }
  } else {
    end = at(/[0-9]*(?:\.[0-9]*)?/y);
    float = text.slice(offset, end).includes('.');
    if (/[eE]/.test(text.charAt(end))) {
      float = true;
      const digits = at(/[eE][-+]?/y, end);
      end = at(decimal, digits);
      if (end === digits) throw new TextFault('"e" must be followed by exponent.', end);
    }
    if (/[fF]/.test(text.charAt(end))) {
      float = true;
      end++;
    }
  }
  checkBehind(text, end, float);
  return { kind: float ? 'float' : 'integer', end };
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
