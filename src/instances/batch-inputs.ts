import type { BatchInputSpec } from '../config/batch-spec.js';
import type { ModelSpec, TensorSpec } from '../config/tensor-spec.js';
import { InferenceError } from '../inference/error.js';
import type { InferRequest } from '../inference/request.js';
import { alignUp } from '../tensors/arena.js';
import { elementCount, type Shape } from '../tensors/shape.js';
import type { InputSpan } from './messages.js';
import { findInput, ownShape } from './request-inputs.js';

/** What a model's input is called and made of. */
export type FedInput = Pick<TensorSpec, 'name' | 'datatype'>;

/** The inputs that a run feeds, as its spans count them: those of the config, then the targets of batch inputs. */
export function fedInputs(spec: ModelSpec): readonly FedInput[] {
  return [...spec.inputs, ...batchTargets(spec)];
}

/** The model's inputs that batch inputs are given to, in the config's order. */
export function batchTargets({ batchInputs = [] }: ModelSpec): readonly FedInput[] {
  return batchInputs.flatMap(({ targets, datatype }) => targets.map((name) => ({ name, datatype })));
}

/** The content of a batch input, to be written at `offset`; targets of one batch input share it. */
interface BatchArea {
  readonly spec: BatchInputSpec;
  readonly offset: number;
  readonly value: BatchValue;
}

/** A batch input's shape and its numbers; without numbers only the shape means something. */
interface BatchValue {
  readonly shape: Shape;
  readonly numbers: readonly number[] | undefined;
}

export interface PlacedBatchInputs {
  readonly spans: readonly InputSpan[];
  readonly areas: readonly BatchArea[];
  readonly end: number;
}

/** Computes the batch inputs of a batch and says where in the slot, from `start` on, they are to lie. */
export function placeBatchInputs(
  model: ModelSpec,
  requests: readonly InferRequest[],
  start: number,
): PlacedBatchInputs {
  const spans: InputSpan[] = [];
  const areas: BatchArea[] = [];
  let offset = start;
  let index = model.inputs.length;
  for (const spec of model.batchInputs ?? []) {
    const value = computeValue(model, spec, requests);
    refuseOverflow(spec, value.numbers);
    const byteLength = elementCount(value.shape) * numberBytes;
    areas.push({ spec, offset, value });
    for (let target = 0; target < spec.targets.length; target++) {
      spans.push({ index: index++, shape: value.shape, offset, byteLength });
    }
    offset = alignUp(offset + byteLength);
  }
  return { spans, areas, end: offset };
}

export function writeBatchInputs(slot: ArrayBufferLike, { areas }: PlacedBatchInputs): void {
  for (const { spec, offset, value } of areas) {
    const length = elementCount(value.shape);
    const target =
      spec.datatype === 'INT32'
        ? new Int32Array(slot, offset, length)
        : new Float32Array(slot, offset, length);
    // A slot holds what was there before, which may be another caller's data: a model must not see it.
    if (value.numbers === undefined) target.fill(0);
    else target.set(value.numbers);
  }
}

/** INT32 and FP32 alike. */
const numberBytes = 4;

/** Rows are those of the batch; without batching a request is one row, whose shape is the whole shape. */
function computeValue(model: ModelSpec, spec: BatchInputSpec, requests: readonly InferRequest[]): BatchValue {
  switch (spec.kind) {
    case 'BATCH_ELEMENT_COUNT':
      return row(elementCounts(model, spec, requests));
    case 'BATCH_ACCUMULATED_ELEMENT_COUNT':
      return row(accumulate(elementCounts(model, spec, requests)));
    case 'BATCH_ACCUMULATED_ELEMENT_COUNT_WITH_ZERO':
      return row([0, ...accumulate(elementCounts(model, spec, requests))]);
    case 'BATCH_MAX_ELEMENT_COUNT_AS_SHAPE':
      return { shape: [largest(elementCounts(model, spec, requests))], numbers: undefined };
    case 'BATCH_ITEM_SHAPE': {
      const { numbers, rows } = itemShapes(model, spec, requests);
      return { shape: [rows, model.inputs[spec.source]?.modelDims.length ?? 0], numbers };
    }
    case 'BATCH_ITEM_SHAPE_FLATTEN':
      return row(itemShapes(model, spec, requests).numbers);
  }
}

function row(numbers: readonly number[]): BatchValue {
  return { shape: [numbers.length], numbers };
}

/** A number beyond INT32 would arrive changed. */
function refuseOverflow({ datatype, targets }: BatchInputSpec, numbers: readonly number[] = []): void {
  const most = largest(numbers);
  if (datatype !== 'INT32' || most <= 0x7fffffff) return;
  throw new InferenceError(
    'internal',
    `batch input '${targets.join(`', '`)}' has to hold ${most}, which is more than TYPE_INT32 can`,
  );
}

/** Not by spreading: a batch may be longer than an argument list. */
function largest(numbers: readonly number[]): number {
  return numbers.reduce((most, number) => Math.max(most, number), 0);
}

function elementCounts(
  model: ModelSpec,
  { source }: BatchInputSpec,
  requests: readonly InferRequest[],
): number[] {
  const name = model.inputs[source]?.name ?? '';
  return requests.map((request) => {
    const tensor = findInput(request, name, source);
    return tensor === undefined ? 0 : elementCount(tensor.shape);
  });
}

function accumulate(counts: readonly number[]): number[] {
  let sum = 0;
  return counts.map((count) => (sum += count));
}

/** For each row of the batch its shape, all of them behind each other. */
function itemShapes(
  model: ModelSpec,
  { source }: BatchInputSpec,
  requests: readonly InferRequest[],
): { numbers: number[]; rows: number } {
  const numbers: number[] = [];
  let rows = 0;
  for (const request of requests) {
    const shape = ownShape(model, source, request);
    const batching = model.maxBatchSize > 0;
    const own = batching ? (shape[0] ?? 0) : 1;
    const item = batching ? shape.slice(1) : shape;
    for (let i = 0; i < own; i++) numbers.push(...item);
    rows += own;
  }
  return { numbers, rows };
}
