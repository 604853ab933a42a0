import { InferenceError } from '../inference/error.js';
import { joinBytes } from '../tensors/bytes.js';
import { elementBytes, type Datatype } from '../tensors/datatype.js';
import { elementCount } from '../tensors/shape.js';
import type { Tensor } from '../tensors/tensor.js';
import { formatScore } from './score.js';

/** What a classification needs to know beside the tensor. */
export interface ClassificationOptions {
  readonly classCount: number;
  /** Whether the first dimension counts batch items. */
  readonly batching: boolean;
  readonly labels: readonly string[];
}

type Score = number | bigint;

const readers: Readonly<Partial<Record<Datatype, (view: DataView, at: number) => Score>>> = {
  UINT8: (view, at) => view.getUint8(at),
  UINT16: (view, at) => view.getUint16(at, true),
  UINT32: (view, at) => view.getUint32(at, true),
  UINT64: (view, at) => view.getBigUint64(at, true),
  INT8: (view, at) => view.getInt8(at),
  INT16: (view, at) => view.getInt16(at, true),
  INT32: (view, at) => view.getInt32(at, true),
  INT64: (view, at) => view.getBigInt64(at, true),
  FP32: (view, at) => view.getFloat32(at, true),
  FP64: (view, at) => view.getFloat64(at, true),
};

const largestItem = 1_000_000;

/**
 * Replaces a tensor by the best classes of each batch item, as BYTES elements `score:index[:label]`,
 * best first, equal scores in index order, scores that are no number last.
 */
export function classify(tensor: Tensor, options: ClassificationOptions): Tensor {
  const read = readers[tensor.datatype];
  if (read === undefined) {
    throw new InferenceError(
      'invalid-argument',
      `class result not available for output due to unsupported type '${tensor.datatype}'`,
    );
  }
  const itemShape = options.batching ? tensor.shape.slice(1) : tensor.shape;
  const itemCount = options.batching ? (tensor.shape[0] ?? 0) : 1;
  const size = elementCount(itemShape);
  if (size > largestItem) {
    throw new InferenceError('invalid-argument', 'classification output tensor too large');
  }
  const count = Math.min(options.classCount, size);
  const view = new DataView(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
  const width = elementBytes[tensor.datatype];
  const float = tensor.datatype === 'FP32' || tensor.datatype === 'FP64';
  const elements: Uint8Array[] = [];
  const encoder = new TextEncoder();
  for (let item = 0; item < itemCount; item++) {
    const score = (index: number): Score => read(view, (item * size + index) * width);
    for (const index of best(size, count, score)) {
      elements.push(encoder.encode(formatClass(index, formatScore(score(index), float), options.labels)));
    }
  }
  const shape = options.batching ? [itemCount, count] : [count];
  return { name: tensor.name, datatype: 'BYTES', shape, data: joinBytes(elements) };
}

function formatClass(index: number, score: string, labels: readonly string[]): string {
  const label = labels[index] ?? '';
  return label === '' ? `${score}:${index}` : `${score}:${index}:${label}`;
}

/** Above this many classes sorting all of them is cheaper than keeping the best ones in order. */
const insertionMax = 64;

/** The indices of the `count` highest scores, highest first. */
function best(size: number, count: number, score: (index: number) => Score): readonly number[] {
  if (count > insertionMax) {
    const scores = Array.from({ length: size }, (_, index) => score(index));
    const order = scores.map((_, index) => index);
    return order.sort((a, b) => descending(scores[a] ?? 0, scores[b] ?? 0) || a - b).slice(0, count);
  }
  const kept: { index: number; value: Score }[] = [];
  for (let index = 0; index < size; index++) {
    const value = score(index);
    const last = kept[count - 1];
    if (last !== undefined && descending(last.value, value) <= 0) continue;
    let at = kept.length;
    while (at > 0 && descending((kept[at - 1] ?? { value }).value, value) > 0) at--;
    kept.splice(at, 0, { index, value });
    if (kept.length > count) kept.pop();
  }
  return kept.map(({ index }) => index);
}

function descending(a: Score, b: Score): number {
  if (a > b) return -1;
  if (a < b) return 1;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}
