import { move, transferableSymbol, valueSymbol } from 'piscina';

/** The answer of work whose buffers go over to who asked for it, and are not copied. */
export function moved(value: unknown, buffers: readonly ArrayBuffer[]): unknown {
  if (buffers.length === 0) return value;
  return move(new Moved(value, buffers) as unknown as ArrayBuffer);
}

/** What the library knows as movable. */
class Moved {
  readonly #value: unknown;
  readonly #buffers: readonly ArrayBuffer[];

  constructor(value: unknown, buffers: readonly ArrayBuffer[]) {
    this.#value = value;
    this.#buffers = buffers;
  }

  get [transferableSymbol](): readonly ArrayBuffer[] {
    return this.#buffers;
  }

  get [valueSymbol](): unknown {
    return this.#value;
  }
}
