import type { Weights } from './onnx.js';

/** Makes the constants of one graph: the same ones whenever it is asked in the same order. */
export class WeightMaker {
  readonly made: Weights[] = [];
  #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Numbers of variance 1/fanIn, so that a layer's output is about as large as its input: no denormals, no overflow. */
  make(name: string, shape: readonly number[], fanIn: number): string {
    const seed = this.#seed++;
    const count = shape.reduce((all, dim) => all * dim, 1);
    const values = (): Float32Array => uniform({ count, seed, width: Math.sqrt(12 / fanIn) });
    this.made.push({ name, shape, count, values });
    return name;
  }
}

/** Mulberry32: small, quick, and good enough for weights. */
function uniform({ count, seed, width }: { count: number; seed: number; width: number }): Float32Array {
  const values = new Float32Array(count);
  let state = Math.imul(seed, 0x9e3779b1);
  for (let i = 0; i < count; i++) {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    values[i] = (((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32 - 0.5) * width;
  }
  return values;
}
