import { parseBoolean } from '../config/parameters.js';
import { flags } from './flags.js';

/** What the command line gave, flag by flag: the texts as written. */
export type GivenFlags = ReadonlyMap<string, readonly string[]>;

/** Reads checked flags by name, the last one given first, then the default. */
export class FlagReader {
  readonly #given: GivenFlags;

  constructor(given: GivenFlags) {
    this.#given = given;
  }

  given(name: string): boolean {
    return this.#given.has(name);
  }

  text(name: string): string {
    return this.#given.get(name)?.at(-1) ?? flags.find((flag) => flag.name === name)?.default ?? '';
  }

  /** All that was given, in order. */
  all(name: string): readonly string[] {
    return this.#given.get(name) ?? [];
  }

  integer(name: string): number {
    return Number(this.text(name));
  }

  boolean(name: string): boolean {
    return parseBoolean(this.text(name)) ?? false;
  }
}
