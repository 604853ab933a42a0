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

/** The indices of the `count` highest scores, highest first, equal ones in index order. */
function best(size: number, count: number, score: (index: number) => Score): readonly number[] {
  const compare = (a: number, b: number): number => descending(score(a), score(b)) || a - b;
  const kept = Array.from({ length: count }, (_, index) => index);
  if (count < size) keepBest(kept, size, compare);
  return kept.sort(compare);
}

/** Replaces the first indices by the best of all, through a heap that has the worst one kept at its top. */
function keepBest(heap: number[], size: number, compare: (a: number, b: number) => number): void {
  const sink = (from: number): void => {
    let at = from;
    for (;;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let worst = at;
      if (left < heap.length && compare(heap[left] ?? 0, heap[worst] ?? 0) > 0) worst = left;
      if (right < heap.length && compare(heap[right] ?? 0, heap[worst] ?? 0) > 0) worst = right;
      if (worst === at) return;
      [heap[at], heap[worst]] = [heap[worst] ?? 0, heap[at] ?? 0];
      at = worst;
    }
  };
  for (let at = heap.length >> 1; at >= 0; at--) sink(at);
  for (let index = heap.length; index < size; index++) {
    if (compare(index, heap[0] ?? 0) >= 0) continue;
    heap[0] = index;
    sink(0);
  }
}

function descending(a: Score, b: Score): number {
  if (a > b) return -1;
  if (a < b) return 1;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}
