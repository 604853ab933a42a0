import { invalidArgument } from '../../../inference/error.js';
import { NumberReader, textOf } from './json-number.js';
import { readString, skipString } from './json-string.js';
import {
  byte,
  nestingMax,
  nestingText,
  skipSpace,
  startsWith,
  syntaxError,
  syntaxText,
} from './json-syntax.js';
import type { JsonObject, JsonValue } from './json-value.js';

const int64Min = -(2n ** 63n);
const uint64Max = 2n ** 64n - 1n;

/**
 * Reads JSON from bytes, in one go and without a copy of what it does not want. It takes what Triton's parser takes and
 * complains in its words; beyond that nesting is bounded.
 */
export class JsonReader {
  readonly bytes: Uint8Array;
  readonly number = new NumberReader();
  at = 0;
  #depth = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** The next byte that is no white space. */
  peek(): number {
    this.at = skipSpace(this.bytes, this.at);
    return this.bytes[this.at] ?? 0;
  }

  fail(text: string): Error {
    return syntaxError(text, this.at);
  }

  /** Called at the one value of the document, with `read` that reads it. */
  document(read: () => void): void {
    this.peek();
    if (this.at >= this.bytes.byteLength) throw this.fail(syntaxText.empty);
    read();
    this.peek();
    if (this.at < this.bytes.byteLength) throw this.fail(syntaxText.rootNotSingular);
  }

  /** Calls back at the value of each member; what is called must read it. */
  object(visit: (name: string) => void): void {
    this.#enter();
    if (this.peek() === byte.closeCurly) return this.#leave();
    for (;;) {
      if (this.peek() !== byte.quote) throw this.fail(syntaxText.name);
      const name = this.string();
      if (this.peek() !== byte.colon) throw this.fail(syntaxText.colon);
      this.at++;
      this.peek();
      visit(name);
      const next = this.peek();
      if (next === byte.closeCurly) return this.#leave();
      if (next !== byte.comma) throw this.fail(syntaxText.commaOrCurly);
      this.at++;
    }
  }

  /** Calls back at each element. */
  array(visit: () => void): void {
    this.#enter();
    if (this.peek() === byte.closeSquare) return this.#leave();
    for (;;) {
      this.peek();
      visit();
      const next = this.peek();
      if (next === byte.closeSquare) return this.#leave();
      if (next !== byte.comma) throw this.fail(syntaxText.commaOrSquare);
      this.at++;
    }
  }

  string(): string {
    const { text, end } = readString(this.bytes, this.at);
    this.at = end;
    return text;
  }

  /** Reads any value. */
  value(): JsonValue {
    switch (this.peek()) {
      case byte.openCurly:
        return this.#members();
      case byte.openSquare: {
        const elements: JsonValue[] = [];
        this.array(() => elements.push(this.value()));
        return elements;
      }
      case byte.quote:
        return this.string();
      default: {
        const literal = this.#literal();
        return literal === undefined ? this.#number() : literal;
      }
    }
  }

  /** Passes over any value. */
  skip(): void {
    switch (this.peek()) {
      case byte.openCurly:
        return this.object(() => this.skip());
      case byte.openSquare:
        return this.array(() => this.skip());
      case byte.quote:
        this.at = skipString(this.bytes, this.at);
        return;
      default:
        if (this.#literal() === undefined) this.#number();
    }
  }

  #enter(): void {
    if (++this.#depth > nestingMax) throw invalidArgument(nestingText);
    this.at++;
  }

  #leave(): void {
    this.#depth--;
    this.at++;
  }

  #members(): JsonObject {
    const members = new Map<string, JsonValue>();
    this.object((name) => {
      const value = this.value();
      if (!members.has(name)) members.set(name, value);
    });
    return members;
  }

  /** null, true or false; undefined when the value is none of them. */
  #literal(): null | boolean | undefined {
    const [text, value] = literals[this.bytes[this.at] ?? 0] ?? noLiteral;
    if (text === '') return undefined;
    if (!startsWith(this.bytes, this.at, text)) throw this.fail(syntaxText.value);
    this.at += text.length;
    return value;
  }

  #number(): JsonValue {
    const { number, bytes, at } = this;
    if (!number.read(bytes, at)) throw this.fail(syntaxText.value);
    this.at = number.end;
    if (!number.whole) return { double: number.double(bytes) };
    const value = number.wholeValue;
    if (value <= Number.MAX_SAFE_INTEGER) return number.negative ? -value : value;
    // More digits than these are no integer of 64 bits, and would take long to count.
    const exact = number.end - at > 20 ? undefined : BigInt(textOf(bytes, at, number.end));
    if (exact !== undefined && exact >= int64Min && exact <= uint64Max) return exact;
    return { double: number.double(bytes) };
  }
}

const noLiteral = ['', undefined] as const;

const literals: Readonly<Record<number, readonly [text: string, value: null | boolean]>> = {
  [byte.lowerN]: ['null', null],
  [byte.lowerT]: ['true', true],
  [byte.lowerF]: ['false', false],
};
