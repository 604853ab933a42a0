import { Tensor as OrtTensor, type InferenceSession } from 'onnxruntime-node';
import type { TensorSpec } from '../../config/tensor-spec.js';
import { nowUs } from '../../inference/now.js';
import { InferenceError } from '../../inference/error.js';
import type { Datatype } from '../../tensors/datatype.js';
import type { Session, SessionRun } from '../backend.js';
import { fedInputs, type FedInput } from '../batch-inputs.js';
import type { InputSpan, OpenMessage, OutputPlan, OutputSpan, Run } from '../messages.js';
import { outputAreas, outputRow, type OutputArea } from '../slot.js';
import { freeMemory } from '../../tensors/free-memory.js';
import { checkModel, isScalar, planOutputs } from './onnx-checks.js';
import { openSession, runtimeError, type OpenedModel } from './onnx-session.js';
import { arrayOver, asFed, elementTypes } from './onnx-types.js';
import { alignWeights } from './onnx-weights.js';
import { StringCheck, decodeStrings } from './onnx-strings.js';

/**
 * Opens an ONNX model in ONNX Runtime. A run holds the thread until it is done. Inputs are views over
 * the slot; an output whose shape is known before the run is computed straight into it.
 */
export async function openOnnx(model: OpenMessage): Promise<Session> {
  const opened = await openSession(model);
  checkModel(model.spec, opened.metadata, model.modelFile);
  if (model.shareIn !== undefined) alignWeights(model.shareIn);
  return new OnnxSession(opened, model);
}

class OnnxSession implements Session {
  readonly outputs: readonly OutputPlan[];
  readonly #session: InferenceSession;
  readonly #model: OpenMessage;
  readonly #fed: readonly FedInput[];
  readonly #scalarInputs: readonly boolean[];
  readonly #defaults: OpenedModel['defaults'];
  /** Runs whose outputs had the shapes that the model declares, and those that had to be run again. */
  #matches = 0;
  #mismatches = 0;

  constructor({ session, metadata, defaults }: OpenedModel, model: OpenMessage) {
    this.#session = session;
    this.#defaults = defaults;
    this.#model = model;
    this.outputs = planOutputs(model.spec, metadata);
    this.#fed = fedInputs(model.spec);
    this.#scalarInputs = model.spec.inputs.map((input) => isScalar(input, metadata.inputs));
  }

  async run(batch: Run): Promise<SessionRun> {
    const strings = new StringCheck();
    const feeds = this.#feeds(batch, strings);
    const { areas } = outputAreas(this.outputs, batch);
    let inputEndUs = nowUs();
    // The binding puts the run off to the end of the loop's turn. This comes right before it.
    setImmediate(() => (inputEndUs = nowUs()));
    const { results, inSlot } = await this.#runInto(batch, feeds, areas).catch((error: unknown) => {
      throw runtimeError(error instanceof Error ? error.message : String(error), error);
    });
    const inferEndUs = nowUs();
    const outputs = areas.map(({ index, offset }) => {
      const spec = this.#model.spec.outputs[index];
      const result = spec === undefined ? undefined : results[spec.name];
      if (spec === undefined || result === undefined) {
        throw new InferenceError('internal', 'Retrieved output count is not equal to expected count.');
      }
      if (inSlot && this.#fitsSlot(index)) return slotSpan({ index, spec, result, offset });
      return spec.datatype === 'BYTES' ? strings.encode(index, result, spec) : ownSpan(index, spec, result);
    });
    return { outputs, inputEndUs, inferEndUs };
  }

  async close(): Promise<void> {
    await this.#session.release();
  }

  #fitsSlot(index: number): boolean {
    return this.outputs[index]?.rowShape !== undefined;
  }

  /** Runs into the slot where that is possible; `inSlot` says whether it was. */
  async #runInto(
    batch: Run,
    feeds: Feeds,
    areas: readonly OutputArea[],
  ): Promise<{ results: Results; inSlot: boolean }> {
    if (this.#mismatches > mismatchesMax && this.#mismatches > this.#matches) {
      return { results: await this.#session.run(feeds, this.#fetches(batch, areas, false)), inSlot: false };
    }
    try {
      const results = await this.#session.run(feeds, this.#fetches(batch, areas, true));
      this.#matches++;
      return { results, inSlot: true };
    } catch (error) {
      if (!(error instanceof Error) || !/pre-allocated output/.test(error.message)) throw error;
      this.#mismatches++;
      return { results: await this.#session.run(feeds, this.#fetches(batch, areas, false)), inSlot: false };
    }
  }

  #feeds(batch: Run, strings: StringCheck): Feeds {
    const feeds: Feeds = { ...this.#defaults };
    for (const span of batch.inputs) {
      const spec = this.#fed[span.index];
      if (spec === undefined) continue;
      const shape = this.#scalarInputs[span.index] === true ? [] : span.shape;
      feeds[spec.name] =
        spec.datatype === 'BYTES'
          ? new OrtTensor('string', decodeStrings(batch.slot, span, { spec, strings }), shape)
          : numericTensor(spec.datatype, batch.slot, { ...span, shape });
    }
    return feeds;
  }

  /** For each wanted output the area of the slot that it is computed into, or null to have one made. */
  #fetches(
    batch: Run,
    areas: readonly OutputArea[],
    intoSlot: boolean,
  ): InferenceSession.NullableOnnxValueMapType {
    const fetches: Record<string, OrtTensor | null> = {};
    for (const { index, offset, byteLength } of areas) {
      const spec = this.#model.spec.outputs[index];
      if (spec === undefined) continue;
      if (intoSlot && this.#fitsSlot(index)) {
        const row = outputRow(this.outputs[index], batch) ?? [];
        const shape = this.#model.spec.maxBatchSize > 0 ? [batch.batchSize, ...row] : row;
        fetches[spec.name] = numericTensor(spec.datatype, batch.slot, { shape, offset, byteLength });
      } else {
        fetches[spec.name] = null;
      }
    }
    return fetches;
  }
}

type Feeds = Record<string, OrtTensor>;
type Results = InferenceSession.OnnxValueMapType;

/** From here on unused memory is freed at once; smaller pieces are cheaper to leave to the collector. */
const freedBytesMin = 64 * 1024;

/** So often may a model answer other shapes than it declares before its outputs are not foreseen any more. */
const mismatchesMax = 8;

function numericTensor(
  datatype: Datatype,
  slot: ArrayBufferLike,
  { shape, offset, byteLength }: Pick<InputSpan, 'shape' | 'offset' | 'byteLength'>,
): OrtTensor {
  const type = elementTypes[datatype];
  if (type === undefined) throw new Error(`${datatype} has no ONNX Runtime type. This is a bug.`);
  return asFed(new OrtTensor(type, arrayOver(datatype, slot, { offset, byteLength }), shape));
}

function slotSpan(output: {
  index: number;
  spec: TensorSpec;
  result: OrtTensor;
  offset: number;
}): OutputSpan {
  const { index, spec, result, offset } = output;
  const { buffer, byteLength } = result.data as ArrayBufferView;
  const span = { index, datatype: spec.datatype, shape: result.dims, buffer: undefined, offset, byteLength };
  // The binding copies what it has computed into the slot for the tensor that it answers with, which nobody reads.
  if (byteLength >= freedBytesMin) freeMemory(buffer);
  return span;
}

function ownSpan(index: number, spec: TensorSpec, result: OrtTensor): OutputSpan {
  const { buffer, byteOffset, byteLength } = result.data as ArrayBufferView;
  return { index, datatype: spec.datatype, shape: result.dims, buffer, offset: byteOffset, byteLength };
}
