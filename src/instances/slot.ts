import type { ModelSpec, TensorSpec } from '../config/tensor-spec.js';
import type { InferRequest } from '../inference/request.js';
import { alignUp, type Arena } from '../tensors/arena.js';
import { copyBytes } from '../tensors/chunked-bytes.js';
import { RegionBytes } from '../tensors/region-bytes.js';
import { reshape, type Shape } from '../tensors/shape.js';
import { placeBatchInputs, writeBatchInputs } from './batch-inputs.js';
import type { InputSpan, LinkedDim, OutputPlan, RegionRead, Run } from './messages.js';
import { findInput, modelShape, totalElements } from './request-inputs.js';

/** What a slot must know of the model that it is filled for. */
export interface SlotPlan {
  readonly spec: ModelSpec;
  readonly outputs: readonly OutputPlan[];
}

/**
 * Writes the inputs of a batch into a slot, rows of one input behind each other, each input aligned, and
 * leaves room for the outputs whose size is known. This is the only copy on the way in; rows in shared memory are
 * left to the instance, which reads them before it runs.
 * All requests must have passed the model's check and have the same inputs, of equal shapes unless ragged.
 */
export function fillSlot(plan: SlotPlan, requests: readonly InferRequest[], arena: Arena): Run {
  const first = requests[0];
  if (first === undefined) throw new Error('A batch has at least one request. This is a bug.');
  const batchSize = rowsOf(plan.spec, requests);
  const inputs: InputSpan[] = [];
  let offset = 0;
  for (const [index, spec] of plan.spec.inputs.entries()) {
    const tensor = findInput(first, spec.name, index);
    if (tensor === undefined) continue;
    const byteLength = bytesOf(requests, spec.name, index);
    const shape =
      spec.ragged === true
        ? [totalElements(requests, spec.name, index)]
        : modelShape(plan.spec, spec, { shape: tensor.shape, batchSize });
    inputs.push({ index, shape, offset, byteLength });
    offset = alignUp(offset + byteLength);
  }
  const wanted = wantedOutputs(plan.spec, requests);
  const made = plan.spec.batchInputs && placeBatchInputs(plan.spec, requests, offset);
  const outputsAt = made?.end ?? offset;
  const { end } = outputAreas(plan.outputs, { batchSize, inputs, wanted, outputsAt });
  const slot = arena.take(end);
  const reads: RegionRead[] = [];
  for (const span of inputs)
    writeRows(slot, span, { requests, name: plan.spec.inputs[span.index]?.name ?? '', reads });
  if (made !== undefined) writeBatchInputs(slot, made);
  const spans = made === undefined ? inputs : [...inputs, ...made.spans];
  const run: Run = { slot, batchSize, inputs: spans, wanted, outputsAt };
  return reads.length === 0 ? run : { ...run, reads };
}

type Inputs = Pick<Run, 'batchSize' | 'inputs'>;

/** Where in the slot an output has its room: no bytes when its size is not known before the run. */
export interface OutputArea {
  readonly index: number;
  readonly offset: number;
  readonly byteLength: number;
}

/** The areas of the wanted outputs, in their order, and where the last one ends. */
export function outputAreas(
  outputs: readonly OutputPlan[],
  run: Omit<Run, 'slot'>,
): { areas: readonly OutputArea[]; end: number } {
  const areas: OutputArea[] = [];
  let offset = run.outputsAt;
  for (const index of run.wanted) {
    const byteLength = outputBytes(outputs[index], run);
    areas.push({ index, offset, byteLength });
    offset = alignUp(offset + byteLength);
  }
  return { areas, end: offset };
}

/** Bytes that an output takes in the slot; 0 when its size is not known before the run. */
export function outputBytes(output: OutputPlan | undefined, batch: Inputs): number {
  if (output?.rowShape === undefined) return 0;
  let bytes = output.rowBytes * batch.batchSize;
  for (const dim of output.rowShape) if (typeof dim !== 'number') bytes *= linkedSize(dim, batch);
  return bytes;
}

/** The shape of one row of an output in a batch; undefined when it is not known before the run. */
export function outputRow(output: OutputPlan | undefined, batch: Inputs): Shape | undefined {
  return output?.rowShape?.map((dim) => (typeof dim === 'number' ? dim : linkedSize(dim, batch)));
}

function linkedSize({ input, axis }: LinkedDim, { inputs }: Inputs): number {
  for (const span of inputs) if (span.index === input) return span.shape[axis] ?? 0;
  throw new Error(`Input ${input}, which gives an output its size, is missing. This is a bug.`);
}

/** The shape that the caller sees, from the one that the model gave. */
export function callerShape(model: ModelSpec, spec: TensorSpec, shape: Shape): Shape {
  if (spec.dims === spec.modelDims) return shape.length === 0 ? spec.dims : shape;
  if (model.maxBatchSize === 0) return reshape(shape, spec.modelDims, spec.dims);
  return [shape[0] ?? 0, ...reshape(shape.slice(1), spec.modelDims, spec.dims)];
}

function rowsOf(spec: ModelSpec, requests: readonly InferRequest[]): number {
  if (spec.maxBatchSize === 0) return 1;
  let rows = 0;
  for (const request of requests) rows += request.inputs[0]?.shape[0] ?? 1;
  return rows;
}

function bytesOf(requests: readonly InferRequest[], name: string, index: number): number {
  let bytes = 0;
  for (const request of requests) bytes += findInput(request, name, index)?.data.byteLength ?? 0;
  return bytes;
}

function writeRows(
  slot: ArrayBufferLike,
  span: InputSpan,
  { requests, name, reads }: { requests: readonly InferRequest[]; name: string; reads: RegionRead[] },
): void {
  const target = new Uint8Array(slot, span.offset, span.byteLength);
  let offset = 0;
  for (const request of requests) {
    const data = findInput(request, name, span.index)?.data;
    if (data === undefined) continue;
    if (data instanceof RegionBytes) {
      if (data.byteLength > 0) reads.push({ ...data.place, offset: span.offset + offset });
    } else {
      copyBytes(data, target, offset);
    }
    offset += data.byteLength;
  }
}

/** Indices of the outputs that any of the requests asks for, in name order, as Triton's backend has them. */
function wantedOutputs(spec: ModelSpec, requests: readonly InferRequest[]): readonly number[] {
  if (requests.some((request) => request.outputs.length === 0)) return allOutputs(spec);
  return allOutputs(spec).filter((index) =>
    requests.some(({ outputs }) => outputs.some(({ name }) => name === spec.outputs[index]?.name)),
  );
}

const outputOrders = new WeakMap<ModelSpec, readonly number[]>();

function allOutputs(spec: ModelSpec): readonly number[] {
  let order = outputOrders.get(spec);
  if (order === undefined) {
    const name = (index: number): string => spec.outputs[index]?.name ?? '';
    order = spec.outputs.map((_, index) => index).sort((a, b) => (name(a) < name(b) ? -1 : 1));
    outputOrders.set(spec, order);
  }
  return order;
}
