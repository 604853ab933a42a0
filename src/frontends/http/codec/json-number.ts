import { byte, startsWith, syntaxError, syntaxText } from './json-syntax.js';

/** Powers of ten, each as exact as a number can be; those up to 22 are exact. */
const powers = Array.from({ length: 291 }, (_, exponent) => Number(`1e${exponent}`));
const exactPowerMax = 22;
const powerMax = 290;
const exactMantissaMax = Number.MAX_SAFE_INTEGER;
/** A mantissa takes no more digits from here on: those that follow are less than its own error. */
const mantissaFull = 1e18;
/** More than what all roundings on the way to an estimate come to: four of the mantissa's digits, its rest, power and product. */
const slack = 2 ** -48;

/**
 * One number of JSON, read where it stands; its members say what was read last. Mantissa and exponent are what the
 * digits say, exact up to 2^53 and near to it beyond.
 */
export class NumberReader {
  /** Behind the last byte of the number. */
  end = 0;
  /** Whether it has neither fraction nor exponent, and is none of NaN and the infinities. */
  whole = false;
  negative = false;
  #mantissa = 0;
  #exponent = 0;
  /** NaN or Infinity when that was written. */
  #special = 0;
  #start = 0;

  /** Reads the number at `start`; false when none begins there, and then `end` is where it should have begun. */
  read(bytes: Uint8Array, start: number): boolean {
    let at = start;
    let code = bytes[at] ?? 0;
    this.#start = start;
    this.#special = 0;
    this.negative = code === byte.minus;
    if (this.negative) code = bytes[++at] ?? 0;
    let digit = code - byte.zero;
    if (digit < 0 || digit > 9) return this.#readSpecial(bytes, at);
    let mantissa = digit;
    let exponent = 0;
    digit = (bytes[++at] ?? 0) - byte.zero;
    // A leading zero stands alone.
    while (mantissa !== 0 && digit >= 0 && digit <= 9) {
      if (mantissa < mantissaFull) mantissa = mantissa * 10 + digit;
      else exponent++;
      digit = (bytes[++at] ?? 0) - byte.zero;
    }
    this.whole = true;
    if (digit === byte.dot - byte.zero) {
      this.whole = false;
      const from = ++at;
      digit = (bytes[at] ?? 0) - byte.zero;
      while (digit >= 0 && digit <= 9) {
        if (mantissa < mantissaFull) {
          mantissa = mantissa * 10 + digit;
          exponent--;
        }
        digit = (bytes[++at] ?? 0) - byte.zero;
      }
      if (at === from) throw syntaxError(syntaxText.fraction, at);
    }
    this.#mantissa = mantissa;
    this.#exponent = exponent;
    this.end = at;
    if (((bytes[at] ?? 0) | 0x20) === byte.lowerE) this.#readExponent(bytes, at + 1);
    return true;
  }

  /** The nearest double. A finite number beyond all doubles is refused. */
  double(bytes: Uint8Array): number {
    const sign = this.negative ? -1 : 1;
    if (this.#special !== 0) return sign * this.#special;
    const [mantissa, exponent] = [this.#mantissa, this.#exponent];
    if (mantissa <= exactMantissaMax && exponent >= -exactPowerMax && exponent <= exactPowerMax)
      return sign * scaled(mantissa, exponent);
    return sign * this.#exactly(bytes);
  }

  /** The nearest double, narrowed to the nearest float. */
  float(bytes: Uint8Array): number {
    const sign = this.negative ? -1 : 1;
    if (this.#special !== 0) return sign * this.#special;
    const [mantissa, exponent] = [this.#mantissa, this.#exponent];
    if (exponent < -powerMax || exponent > powerMax) return sign * Math.fround(this.#exactly(bytes));
    const estimate = scaled(mantissa, exponent);
    if (mantissa <= exactMantissaMax && exponent >= -exactPowerMax && exponent <= exactPowerMax)
      return sign * Math.fround(estimate);
    // Narrowing keeps order: where both ends of what the double may be become one float, so does the double.
    const low = Math.fround(estimate * (1 - slack));
    const high = Math.fround(estimate * (1 + slack));
    return sign * (low === high && low < Infinity ? low : Math.fround(this.#exactly(bytes)));
  }

  /** The digits of a whole number as a double, which is exact below 2^53. */
  get wholeValue(): number {
    return this.#exponent === 0 ? this.#mantissa : Infinity;
  }

  #exactly(bytes: Uint8Array): number {
    const value = Number(textOf(bytes, this.#start + Number(this.negative), this.end));
    if (value === Infinity) throw syntaxError(syntaxText.tooBig, this.#start);
    return value;
  }

  #readExponent(bytes: Uint8Array, start: number): void {
    let at = start;
    const sign = bytes[at];
    if (sign === byte.plus || sign === byte.minus) at++;
    let exponent = 0;
    const from = at;
    let digit = (bytes[at] ?? 0) - byte.zero;
    while (digit >= 0 && digit <= 9) {
      // An exponent of that size is beyond all doubles, however many digits come before it.
      if (exponent < 1e9) exponent = exponent * 10 + digit;
      digit = (bytes[++at] ?? 0) - byte.zero;
    }
    if (at === from) throw syntaxError(syntaxText.exponent, at);
    this.whole = false;
    this.#exponent += sign === byte.minus ? -exponent : exponent;
    this.end = at;
  }

  /** NaN, Inf and Infinity, which are no JSON and which Triton takes. */
  #readSpecial(bytes: Uint8Array, at: number): boolean {
    this.whole = false;
    this.end = at;
    if (startsWith(bytes, at, 'NaN')) {
      this.#special = Number.NaN;
      this.end = at + 3;
    } else if (startsWith(bytes, at, 'Inf')) {
      this.#special = Infinity;
      this.end = at + (startsWith(bytes, at, 'Infinity') ? 8 : 3);
    } else if (this.negative) {
      throw syntaxError(syntaxText.value, at);
    }
    return this.end !== at;
  }
}

function scaled(mantissa: number, exponent: number): number {
  return exponent < 0 ? mantissa / (powers[-exponent] ?? 0) : mantissa * (powers[exponent] ?? 0);
}

/** ASCII text that lies at [from, to). */
export function textOf(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
}
