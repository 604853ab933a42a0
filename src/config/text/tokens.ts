import { TextFault } from './fault.js';
import { scanNumber } from './numbers.js';
import { scanString } from './strings.js';

export type TokenKind = 'identifier' | 'integer' | 'float' | 'string' | 'symbol' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** As it stands in the text; '' at the end. */
  readonly text: string;
  readonly offset: number;
}

const blanks = /(?:[ \t\n\v\f\r]+|#[^\n]*)+/y;
const numberStart = /\.?[0-9]/y;
const identifier = /[A-Za-z_][A-Za-z0-9_]*/y;

/**
 * Cuts a text of protobuf's text format into tokens, one at a time: a fault in a token shows only when
 * all before it has been taken, so that the first fault of a text is the one that C++ reports first.
 */
export class TextTokens {
  readonly #text: string;
  #end = 0;
  #current: Token = { kind: 'symbol', text: '', offset: 0 };

  constructor(text: string) {
    this.#text = text;
    this.next();
  }

  /** The token that has not been taken yet. */
  get current(): Token {
    return this.#current;
  }

  /** Takes the current token and returns it. */
  next(): Token {
    const taken = this.#current;
    const offset = this.#match(blanks, this.#end);
    this.#checkGlue(taken, offset);
    const { kind, end } = this.#scan(offset);
    this.#current = { kind, text: this.#text.slice(offset, end), offset };
    this.#end = end;
    return taken;
  }

  /** Takes the current token if it is this symbol. */
  take(symbol: string): boolean {
    if (this.#current.text !== symbol) return false;
    this.next();
    return true;
  }

  #scan(offset: number): { kind: TokenKind; end: number } {
    const text = this.#text;
    const char = text.charAt(offset);
    if (char === '') return { kind: 'end', end: offset };
    if ('{}[]:,;'.includes(char)) return { kind: 'symbol', end: offset + 1 };
    const name = this.#match(identifier, offset);
    if (name > offset) return { kind: 'identifier', end: name };
    if (this.#match(numberStart, offset) > offset) return scanNumber(text, offset);
    if (char === '"' || char === "'") return { kind: 'string', end: scanString(text, offset) };
    if (char < ' ') throw new TextFault('Invalid control characters encountered in text.', offset);
    if (char > '\u007f') {
      const [byte = 0] = Buffer.from(String.fromCodePoint(text.codePointAt(offset) ?? 0));
      const hint =
        char === '\ufeff' && offset === 0
          ? 'the file begins with a byte order mark: save it as UTF-8 without one'
          : 'such characters may stand only in strings and comments';
      throw new TextFault(`Interpreting non ascii codepoint ${byte}.`, offset, hint);
    }
    return { kind: 'symbol', end: offset + 1 };
  }

  /** `name.5` is neither a name nor a number. */
  #checkGlue({ kind, offset: start, text }: Token, offset: number): void {
    if (kind !== 'identifier' || offset !== start + text.length) return;
    if (/^\.[0-9]/.test(this.#text.slice(offset, offset + 2))) {
      throw new TextFault('Need space between identifier and decimal point.', offset);
    }
  }

  /** Where a pattern that begins at an offset ends; the offset itself when it does not match. */
  #match(pattern: RegExp, offset: number): number {
    pattern.lastIndex = offset;
    return pattern.test(this.#text) ? pattern.lastIndex : offset;
  }
}
