import type { DescMessage } from '@bufbuild/protobuf';
import type { ReflectMessage } from '@bufbuild/protobuf/reflect';
import { hintField } from './hints.js';
import { TextFault } from './fault.js';
import { openMessage, type Target, type TargetField } from './fields.js';
import { TextTokens } from './tokens.js';
import { readPlain } from './values.js';

/** Where a field was given, and inside which other. */
interface Step {
  readonly parent: Step | undefined;
  readonly name: string;
  readonly offset: number;
  /** Where its name stands: before the list that it is in, if it is in one. */
  readonly nameOffset: number;
  /** What tells it from its neighbours: a number, or a map's key once that is read. */
  place: string;
}

/**
 * Reads a message in protobuf's text format as C++'s parser does: what it accepts, its first fault and
 * the place of that. Remembers where each field was given.
 */
export class TextReader {
  readonly #tokens: TextTokens;
  readonly #steps: Step[] = [];
  readonly #open: { readonly bracket: string; readonly offset: number }[] = [];
  /** How many values each repeated field of a message has so far. */
  readonly #counts = new Map<Step | undefined, Map<string, number>>();
  #step: Step | undefined;

  /** The first token is looked at here: that may be a fault already. */
  constructor(text: string) {
    this.#tokens = new TextTokens(text);
  }

  read(desc: DescMessage): ReflectMessage {
    const target = openMessage(desc);
    while (this.#tokens.current.kind !== 'end') this.#readField(target);
    return target.value() as ReflectMessage;
  }

  /** The field that the token at an offset belongs to, as in `input[1].data_type`; '' for none, or for a token that could not be read. */
  pathAt(offset: number): string {
    return offset <= this.#tokens.current.offset ? formatPath(this.#step) : '';
  }

  /** The innermost bracket that is open and where it stands. */
  get openBracket(): { readonly bracket: string; readonly offset: number } | undefined {
    return this.#open.at(-1);
  }

  /** Offsets of the fields that were given, by path; the first of the values of a list stands for the list too. */
  offsets(): Map<string, number> {
    const found = new Map<string, number>();
    for (const step of this.#steps) {
      const whole = formatPath(step);
      const listed = step.place === '' ? whole : whole.slice(0, -step.place.length);
      if (!found.has(whole)) found.set(whole, step.offset);
      if (!found.has(listed)) found.set(listed, step.nameOffset);
    }
    return found;
  }

  #readField(target: Target): void {
    const { offset: nameOffset } = this.#tokens.current;
    if (this.#tokens.take('[')) throw this.#extension(target);
    if (this.#tokens.current.kind !== 'identifier') throw this.#unexpected('identifier');
    const { text: name } = this.#tokens.next();
    const field = target.find(name);
    if (field === undefined) {
      const message = `Message type "${target.typeName}" has no field named "${name}".`;
      throw this.#fault(message, hintField(name, target.typeName, target.names));
    }
    const conflict = field.conflict();
    if (conflict !== undefined) throw this.#fault(conflict, 'remove one of the two');
    if (field.type.kind === 'message') this.#tokens.take(':');
    else this.#expect(':');
    if (field.repeated && this.#tokens.current.text === '[') this.#readList(field, { name, nameOffset });
    else this.#readValue(field, { name, nameOffset, offset: nameOffset });
    if (!this.#tokens.take(';')) this.#tokens.take(',');
  }

  #readList(field: TargetField, { name, nameOffset }: Pick<Step, 'name' | 'nameOffset'>): void {
    this.#enter();
    if (this.#tokens.current.text !== ']') {
      do this.#readValue(field, { name, nameOffset, offset: this.#tokens.current.offset });
      while (this.#tokens.current.text !== ']' && this.#expect(','));
    }
    this.#leave(']');
  }

  #readValue(
    field: TargetField,
    { name, nameOffset, offset }: Pick<Step, 'name' | 'nameOffset' | 'offset'>,
  ): void {
    const step = { parent: this.#step, name, offset, nameOffset, place: this.#placeOf(field, name) };
    this.#steps.push(step);
    this.#step = step;
    const { type } = field;
    if (type.kind === 'message') {
      const target = type.open();
      this.#readMessage(target, step);
      field.add(target.value());
    } else {
      field.add(readPlain(this.#tokens, type, name));
    }
    this.#step = step.parent;
  }

  /** `[n]` for the n-th value of a repeated field of the message that is being read. */
  #placeOf(field: TargetField, name: string): string {
    if (!field.repeated) return '';
    const counts = this.#counts.get(this.#step) ?? new Map<string, number>();
    this.#counts.set(this.#step, counts);
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    return `[${count}]`;
  }

  #readMessage(target: Target, step: Step): void {
    const close = this.#tokens.current.text === '<' ? '>' : '}';
    if (close === '}' && this.#tokens.current.text !== '{') this.#expect('{');
    this.#enter();
    while (!['>', '}'].includes(this.#tokens.current.text)) {
      this.#readField(target);
      const key = target.key?.();
      if (key !== undefined) step.place = `["${key}"]`;
    }
    this.#leave(close);
  }

  /** Takes an opening bracket. */
  #enter(): void {
    const { text: bracket, offset } = this.#tokens.current;
    this.#open.push({ bracket, offset });
    this.#tokens.next();
  }

  #leave(bracket: string): void {
    if (this.#tokens.current.text === bracket) this.#open.pop();
    this.#expect(bracket);
  }

  #expect(symbol: string): true {
    if (this.#tokens.take(symbol)) return true;
    throw this.#fault(`Expected "${symbol}", found "${this.#tokens.current.text}".`);
  }

  #unexpected(what: string): TextFault {
    return this.#fault(`Expected ${what}, got: ${this.#tokens.current.text}`);
  }

  #fault(message: string, hint = ''): TextFault {
    return new TextFault(message, this.#tokens.current.offset, hint);
  }

  /** The schema has no extensions: a name in brackets is a fault, whichever it is. */
  #extension({ typeName }: Target): TextFault {
    let name = '';
    const { current } = this.#tokens;
    if (current.kind === 'integer') {
      this.#tokens.next();
      this.#expect(']');
      return this.#fault(`Invalid identifier in type name, got: "${current.text}"`);
    }
    while (this.#tokens.current.kind === 'identifier' || /^[./]$/.test(this.#tokens.current.text)) {
      name += this.#tokens.next().text;
    }
    this.#expect(']');
    if (name.includes('/')) return this.#fault('Extension name contains "/"');
    return this.#fault(`Extension "${name}" is not defined or is not an extension of "${typeName}".`);
  }
}

function formatPath(step: Step | undefined): string {
  const parts: string[] = [];
  for (let at = step; at !== undefined; at = at.parent) {
    // An entry's value is what the map holds at the key.
    const entry = at.name === 'value' && at.parent?.place.startsWith('["') === true;
    if (!entry) parts.unshift(at.name + at.place);
  }
  return parts.join('.');
}
