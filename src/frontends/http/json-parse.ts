import { setImmediate as nextTurn } from 'node:timers/promises';
import { InferenceError, invalidArgument } from '../../inference/error.js';
import { JsonNumber, JsonObject, type JsonValue } from './json.js';
import { nestingMax, type syntaxText } from './codec/json-syntax.js';
import { nestedTooDeep, noJson } from './json-errors.js';
import { readNumber } from './json-number.js';
import { StringReader } from './json-string.js';

/** Values that a body may have: what they take in memory is bounded by it. Tensors that are larger go by infer. */
export const valuesMax = 1_000_000;

/** What is read before the event loop gets its turn: bytes, and what a value costs beside its bytes. */
const turnCost = 65_536;
const valueCost = 96;

/**
 * Reads a body as JSON, a large one over as many turns of the event loop as it takes, with the texts and places of
 * Triton's parser for what is none. It writes texts without their escapes over the body's own bytes.
 */
export async function parseJson(body: Buffer): Promise<JsonValue> {
  const parser = new Parser(body);
  while (!parser.advance(turnCost)) await nextTurn();
  return parser.value;
}

type Container =
  | { readonly kind: 'array'; readonly elements: JsonValue[] }
  | { readonly kind: 'object'; readonly members: [name: string, value: JsonValue][]; name: string };

type Expected =
  /** A value. */
  | 'value'
  /** A value, or the end of an empty array. */
  | 'first-element'
  /** A name, or the end of an empty object. */
  | 'first-member'
  /** A name. */
  | 'member'
  /** The rest of a name or of a text. */
  | 'name-rest'
  | 'text-rest'
  /** What follows a value: a comma, the end of what it is in, or the end of all. */
  | 'after'
  /** Nothing. */
  | 'nothing';

const sign = {
  tab: 9,
  lineFeed: 10,
  return: 13,
  blank: 32,
  quote: 34,
  comma: 44,
  colon: 58,
  arrayBegin: 91,
  arrayEnd: 93,
  objectBegin: 123,
  objectEnd: 125,
} as const;

/** Knows where it is, so that it can stop anywhere and go on; it calls itself for nothing, however deep the nesting. */
class Parser {
  value: JsonValue = null;
  readonly #body: Buffer;
  readonly #strings: StringReader;
  readonly #open: Container[] = [];
  #expected: Expected = 'value';
  #at = 0;
  #valueCount = 0;

  constructor(body: Buffer) {
    this.#body = body;
    this.#strings = new StringReader(body);
  }

  /** Reads on until it has cost so much; true when all is read. */
  advance(cost: number): boolean {
    let left = cost;
    while (left > 0 && this.#expected !== 'nothing') {
      const before = this.#at;
      this.#step(left);
      left -= valueCost + this.#at - before;
    }
    return this.#expected === 'nothing';
  }

  #step(bytesMax: number): void {
    switch (this.#expected) {
      case 'text-rest':
      case 'name-rest':
        return this.#goOnWithString(bytesMax);
      case 'value':
        return this.#readValue(this.#skipBlanks());
      case 'first-element':
        if (this.#skipBlanks() === sign.arrayEnd) return this.#close();
        return this.#readValue(this.#body[this.#at]);
      case 'first-member':
        if (this.#skipBlanks() === sign.objectEnd) return this.#close();
        return this.#beginName();
      case 'member':
        this.#skipBlanks();
        return this.#beginName();
      case 'after':
        return this.#readAfter(this.#skipBlanks());
      case 'nothing':
    }
  }

  #readValue(first: number | undefined): void {
    switch (first) {
      case undefined:
        throw this.#fault(this.#open.length === 0 ? 'empty' : 'value');
      case sign.quote:
        this.#strings.begin(this.#at);
        this.#expected = 'text-rest';
        return;
      case sign.arrayBegin:
        return this.#enter({ kind: 'array', elements: [] }, 'first-element');
      case sign.objectBegin:
        return this.#enter({ kind: 'object', members: [], name: '' }, 'first-member');
      default:
        return this.#add(this.#readWord(first));
    }
  }

  #readWord(first: number): JsonValue {
    if (first === 0x74) return this.#take('true', true);
    if (first === 0x66) return this.#take('false', false);
    if (first === 0x6e) return this.#take('null', null);
    const { text, end } = readNumber(this.#body, this.#at);
    this.#at = end;
    return new JsonNumber(text);
  }

  #take<T>(word: string, value: T): T {
    for (let i = 0; i < word.length; i++, this.#at++) {
      if (this.#body[this.#at] !== word.charCodeAt(i)) throw this.#fault('value');
    }
    return value;
  }

  #enter(container: Container, expected: Expected): void {
    if (this.#open.length >= nestingMax) throw nestedTooDeep();
    this.#at++;
    this.#open.push(container);
    this.#expected = expected;
  }

  #beginName(): void {
    if (this.#body[this.#at] !== sign.quote) throw this.#fault('name');
    this.#strings.begin(this.#at);
    this.#expected = 'name-rest';
  }

  #goOnWithString(bytesMax: number): void {
    const text = this.#strings.read(bytesMax);
    this.#at = this.#strings.at;
    if (text === undefined) return;
    if (this.#expected === 'text-rest') return this.#add(text);
    if (this.#skipBlanks() !== sign.colon) throw this.#fault('colon');
    this.#at++;
    const object = this.#open.at(-1);
    if (object?.kind === 'object') object.name = Buffer.from(text).toString();
    this.#expected = 'value';
  }

  #readAfter(next: number | undefined): void {
    const container = this.#open.at(-1);
    if (container === undefined) {
      if (next !== undefined) throw this.#fault('rootNotSingular');
      this.#expected = 'nothing';
    } else if (next === sign.comma) {
      this.#at++;
      this.#expected = container.kind === 'array' ? 'value' : 'member';
    } else if (next === (container.kind === 'array' ? sign.arrayEnd : sign.objectEnd)) {
      this.#close();
    } else {
      throw this.#fault(container.kind === 'array' ? 'commaOrSquare' : 'commaOrCurly');
    }
  }

  #close(): void {
    this.#at++;
    const closed = this.#open.pop();
    if (closed === undefined) return;
    this.#add(closed.kind === 'array' ? closed.elements : new JsonObject(closed.members));
  }

  #add(value: JsonValue): void {
    if (++this.#valueCount > valuesMax) {
      throw invalidArgument(
        `request JSON has more than ${valuesMax} values: send large tensors by infer, in binary`,
      );
    }
    const container = this.#open.at(-1);
    if (container === undefined) this.value = value;
    else if (container.kind === 'array') container.elements.push(value);
    else container.members.push([container.name, value]);
    this.#expected = 'after';
  }

  /** The byte behind the blanks, which are passed; undefined at the end. */
  #skipBlanks(): number | undefined {
    for (;;) {
      const next = this.#body[this.#at];
      const blank =
        next === sign.blank || next === sign.lineFeed || next === sign.return || next === sign.tab;
      if (!blank) return next;
      this.#at++;
    }
  }

  #fault(fault: keyof typeof syntaxText): InferenceError {
    return noJson(fault, this.#at);
  }
}
