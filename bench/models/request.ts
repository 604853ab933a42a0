import type { BenchModel } from './catalog.js';
import type { GraphTensor } from './onnx.js';
import { bytes, message, packed, text } from './wire.js';

/** What the model is asked: one row of each input, free dimensions being `size` long. */
export function encodeModelRequest(model: BenchModel, { size = 1 } = {}): Buffer {
  const { inputs } = model.graph();
  const shapes = inputs.map((input) => rowShape(input, size));
  return Buffer.concat([
    text(1, model.name),
    ...inputs.map(({ name, type }, i) =>
      message(5, [text(1, name), text(2, type), packed(3, [1, ...(shapes[i] ?? [])])]),
    ),
    ...inputs.map((input, i) => bytes(7, bytesFor(input, shapes[i] ?? []))),
  ]);
}

/** A tensor's shape without the batch. */
export function rowShape({ shape }: GraphTensor, size = 1): number[] {
  return shape.slice(1).map((dim) => (typeof dim === 'number' ? dim : size));
}

/** Small numbers; as floats around 1, because denormal ones would slow the arithmetic of a model. */
export function valuesFor(type: GraphTensor['type'], count: number): Float32Array | Int32Array {
  const values = type === 'FP32' ? new Float32Array(count) : new Int32Array(count);
  for (let i = 0; i < count; i++) values[i] = type === 'FP32' ? (i % 64) / 32 - 1 : i % 64;
  return values;
}

function bytesFor({ type }: GraphTensor, shape: readonly number[]): Uint8Array {
  const count = shape.reduce((all, dim) => all * dim, 1);
  return new Uint8Array(valuesFor(type, count).buffer);
}
