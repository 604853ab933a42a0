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

/** The model that a response speaks for, and where its slots come from. */
export interface Source {
  readonly spec: ModelSpec;
  readonly version: number;
  readonly arena: Arena;
}

/** The answer to the only request of a batch: all rows of the run are its own. */
export function answerAlone(source: Source, request: InferRequest, result: FinishedRun): InferResponse {
  const { spec, arena } = source;
  const outputs = result.outputs.map((output) => toTensor(spec, request, output));
  return {
    modelName: spec.name,
    modelVersion: source.version,
    outputs,
    release: () => arena.giveBack(result.slot),
  };
}

function toTensor(model: ModelSpec, request: InferRequest, output: OutputTensor): Tensor {
  const spec = model.outputs[output.index];
  if (spec === undefined) throw new Error(`There is no output ${output.index}. This is a bug.`);
  const { datatype, shape, data } = model.maxBatchSize > 0 ? ownRows(spec.name, request, output) : output;
  return { name: spec.name, datatype, shape: callerShape(model, spec, shape), data };
}

/** The rows of a request, which come first; a model that answers with too few of them has failed it. */
function ownRows(name: string, request: InferRequest, output: OutputTensor): OutputTensor {
  const expected = request.inputs[0]?.shape[0] ?? 1;
  const rows = output.shape[0] ?? 0;
  if (rows === expected) return output;
  if (rows < expected) {
    throw new InferenceError(
      'unsupported',
      `${requestPrefix(request)}failed to split the output tensor '${name}' in responses: expected batch size of at least ${expected} in model output, got ${rows}`,
    );
  }
  const shape = [expected, ...output.shape.slice(1)];
  const end =
    output.datatype === 'BYTES'
      ? elementsEnd(output.data, elementCount(shape))
      : elementCount(shape) * elementBytes[output.datatype];
  return { ...output, shape, data: output.data.subarray(0, end) };
}
