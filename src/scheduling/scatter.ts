import type { ModelSpec, TensorSpec } from '../config/tensor-spec.js';
import { InferenceError } from '../inference/error.js';
import { requestPrefix, type InferRequest } from '../inference/request.js';
import type { InferResponse } from '../inference/response.js';
import { callerShape } from '../instances/slot.js';
import type { FinishedRun, OutputTensor } from '../instances/instance.js';
import type { Arena } from '../tensors/arena.js';
import { elementsEnd } from '../tensors/bytes.js';
import { elementBytes } from '../tensors/datatype.js';
import { elementCount, type Shape } from '../tensors/shape.js';
import type { Tensor } from '../tensors/tensor.js';
import { splitScattered, type Part, type Scattered } from './ragged-split.js';

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

class Response implements InferResponse {
  readonly source: Source;
  readonly modelName: string;
  readonly modelVersion: number;
  readonly outputs: readonly Tensor[];
  readonly #slot: SharedSlot;

  constructor(source: Source, outputs: readonly Tensor[], slot: SharedSlot) {
    this.source = source;
    this.modelName = source.spec.name;
    this.modelVersion = source.version;
    this.outputs = outputs;
    this.#slot = slot;
  }

  release(): void {
    this.#slot.letGo();
  }
}

/**
 * Splits a run among its requests, in their order: each gets the rows that are its own, and of an output that
 * is scattered the elements that are. A request that was cancelled meanwhile gets nothing. The slot is given
 * back when every answer was released.
 */
export function scatter(source: Source, requests: readonly InferRequest[], run: FinishedRun): Answer[] {
  const slot = new SharedSlot(source.arena, run.slot, requests.length);
  const scattered = splitScattered(source.spec, requests, run);
  const cuts = run.outputs.map((output) => cutOf(source.spec, output, scattered));
  const answers: Answer[] = [];
  let from = 0;
  for (let index = 0; index < requests.length; index++) {
    const request = requests[index];
    if (request === undefined) continue;
    const rows = request.inputs[0]?.shape[0] ?? 1;
    const outputs = answerOne(cuts, { request, index, from, rows });
    from += rows;
    if (outputs instanceof InferenceError) {
      slot.letGo();
      answers.push(outputs);
    } else {
      answers.push(new Response(source, outputs, slot));
    }
  }
  return answers;
}

interface Share {
  readonly request: InferRequest;
  /** Its place in the batch. */
  readonly index: number;
  /** The rows of the batch that are the request's. */
  readonly from: number;
  readonly rows: number;
}

function answerOne(cuts: readonly Cut[], share: Share): Tensor[] | InferenceError {
  const { request } = share;
  if (request.cancelled) return new InferenceError('cancelled', '');
  const tensors: Tensor[] = [];
  for (const cut of cuts) {
    if (!wants(request, cut.name)) continue;
    const part = cut.part(share);
    if (part instanceof InferenceError) return part;
    tensors.push(part);
  }
  return tensors;
}

/** A batch computes what any of its requests asks for; each gets what it asked for itself. */
function wants({ outputs }: InferRequest, name: string): boolean {
  if (outputs.length === 0) return true;
  for (const output of outputs) if (output.name === name) return true;
  return false;
}

/** How an output is cut into the requests' parts. */
interface Cut {
  readonly name: string;
  part(share: Share): Tensor | InferenceError;
}

function cutOf(model: ModelSpec, output: OutputTensor, scattered: Scattered | undefined): Cut {
  const spec = model.outputs[output.index];
  if (spec === undefined) throw new Error(`There is no output ${output.index}. This is a bug.`);
  const { name } = spec;
  const parts = scattered?.get(output.index);
  if (parts !== undefined) return { name, part: ({ index }) => named(name, parts[index]) };
  if (model.maxBatchSize > 0) return new RowCut(model, spec, output);
  const { datatype, data } = output;
  const whole = { name, datatype, shape: callerShape(model, spec, output.shape), data };
  return { name, part: () => whole };
}

function named(name: string, part: Part | undefined): Tensor | InferenceError {
  if (part === undefined) throw new Error('A request has no part of an output. This is a bug.');
  if (part instanceof InferenceError) return part;
  return { name, datatype: part.datatype, shape: part.shape, data: part.data };
}

/** By rows, in the order of the requests; a model that answers with too few rows has failed those behind. */
class RowCut implements Cut {
  readonly name: string;
  readonly #output: OutputTensor;
  readonly #rowElements: number;
  readonly #shapeOf: (rows: number) => Shape;
  /** Requests mostly have as many rows as the one before. */
  #rows = -1;
  #shape: Shape = [];
  #walkedElements = 0;
  #walkedBytes = 0;

  constructor(model: ModelSpec, spec: TensorSpec, output: OutputTensor) {
    const row = output.shape.slice(1);
    this.name = spec.name;
    this.#output = output;
    this.#rowElements = elementCount(row);
    this.#shapeOf = (rows) => callerShape(model, spec, [rows, ...row]);
  }

  part({ request, from, rows }: Share): Tensor | InferenceError {
    const { shape, datatype, data } = this.#output;
    const given = shape[0] ?? 0;
    if (given < from + rows) {
      return new InferenceError(
        'unsupported',
        `${requestPrefix(request)}failed to split the output tensor '${this.name}' in responses: expected batch size of at least ${from + rows} in model output, got ${given}`,
      );
    }
    if (rows !== this.#rows) {
      this.#shape = this.#shapeOf(rows);
      this.#rows = rows;
    }
    const whole = from === 0 && given === rows;
    const own = whole ? data : data.subarray(this.#end(from), this.#end(from + rows));
    return { name: this.name, datatype, shape: this.#shape, data: own };
  }

  /** Where so many rows end; asked for in ascending order, so that texts are walked once. */
  #end(rowCount: number): number {
    const { datatype, data } = this.#output;
    const elements = rowCount * this.#rowElements;
    if (datatype !== 'BYTES') return elements * elementBytes[datatype];
    this.#walkedBytes += elementsEnd(data.subarray(this.#walkedBytes), elements - this.#walkedElements);
    this.#walkedElements = elements;
    return this.#walkedBytes;
  }
}
