import type { ModelSpec } from '../config/tensor-spec.js';
import { InferenceError } from '../inference/error.js';
import { requestPrefix, type InferRequest } from '../inference/request.js';
import type { InferResponse } from '../inference/response.js';
import { callerShape } from '../instances/slot.js';
import type { FinishedRun, OutputTensor } from '../instances/instance.js';
import type { Arena } from '../tensors/arena.js';
import { elementsEnd } from '../tensors/bytes.js';
import { elementBytes } from '../tensors/datatype.js';
import { elementCount } from '../tensors/shape.js';
import type { Tensor } from '../tensors/tensor.js';
import { splitScattered, type Scattered } from './ragged-split.js';

/** The model that a response speaks for, and where its slots come from. */
export interface Source {
  readonly spec: ModelSpec;
  readonly version: number;
  readonly arena: Arena;
}

/** The slot of a run while its answers are being written: it is free again when the last one let go. */
class SharedSlot {
  readonly #arena: Arena;
  readonly #slot: ArrayBufferLike;
  #holders: number;

  constructor(arena: Arena, slot: ArrayBufferLike, holders: number) {
    this.#arena = arena;
    this.#slot = slot;
    this.#holders = holders;
  }

  letGo(): void {
    if (--this.#holders === 0) this.#arena.giveBack(this.#slot);
  }
}

/** What a request of a finished run comes to. */
export type Answer = InferResponse | InferenceError;

/**
 * Splits a run among its requests, in their order: each gets the rows that are its own, and of an output that
 * is scattered the elements that are. A request that was cancelled meanwhile gets nothing. The slot is given back when every answer was released.
 */
export function scatter(source: Source, requests: readonly InferRequest[], run: FinishedRun): Answer[] {
  const slot = new SharedSlot(source.arena, run.slot, requests.length);
  const scattered = splitScattered(source.spec, requests, run);
  let row = 0;
  return requests.map((request, index) => {
    const rows = request.inputs[0]?.shape[0] ?? 1;
    const from = row;
    row += rows;
    const answer = request.cancelled
      ? new InferenceError('cancelled', '')
      : answerOne(source, { request, index, from, rows, scattered }, run);
    if (answer instanceof InferenceError) {
      slot.letGo();
      return answer;
    }
    const { spec, version } = source;
    return { modelName: spec.name, modelVersion: version, outputs: answer, release: () => slot.letGo() };
  });
}

interface Share {
  readonly request: InferRequest;
  /** Its place in the batch. */
  readonly index: number;
  /** The rows of the batch that are the request's. */
  readonly from: number;
  readonly rows: number;
  readonly scattered: Scattered | undefined;
}

function answerOne({ spec: model }: Source, share: Share, run: FinishedRun): Tensor[] | InferenceError {
  const tensors: Tensor[] = [];
  for (const output of run.outputs) {
    const spec = model.outputs[output.index];
    if (spec === undefined) throw new Error(`There is no output ${output.index}. This is a bug.`);
    if (!wants(share.request, spec.name)) continue;
    const part = share.scattered?.get(output.index)?.[share.index];
    const own = part ?? (model.maxBatchSize > 0 ? ownRows(spec.name, share, output) : output);
    if (own instanceof InferenceError) return own;
    const shape = part === undefined ? callerShape(model, spec, own.shape) : own.shape;
    tensors.push({ name: spec.name, datatype: own.datatype, shape, data: own.data });
  }
  return tensors;
}

/** A batch computes what any of its requests asks for; each gets what it asked for itself. */
function wants({ outputs }: InferRequest, name: string): boolean {
  return outputs.length === 0 || outputs.some((output) => output.name === name);
}

/** A request's rows of an output; a model that answers with too few rows has failed those behind. */
function ownRows(name: string, share: Share, output: OutputTensor): OutputTensor | InferenceError {
  const { request, from, rows } = share;
  const given = output.shape[0] ?? 0;
  if (from === 0 && given === rows) return output;
  if (given < from + rows) {
    return new InferenceError(
      'unsupported',
      `${requestPrefix(request)}failed to split the output tensor '${name}' in responses: expected batch size of at least ${from + rows} in model output, got ${given}`,
    );
  }
  const row = elementCount(output.shape.slice(1));
  const end = (rowCount: number): number =>
    output.datatype === 'BYTES'
      ? elementsEnd(output.data, rowCount * row)
      : rowCount * row * elementBytes[output.datatype];
  return {
    ...output,
    shape: [rows, ...output.shape.slice(1)],
    data: output.data.subarray(end(from), end(from + rows)),
  };
}
