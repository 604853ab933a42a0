import type { BatchOutputSpec } from '../config/batch-spec.js';
import type { ModelSpec, TensorSpec } from '../config/tensor-spec.js';
import { InferenceError } from '../inference/error.js';
import { requestPrefix, type InferRequest } from '../inference/request.js';
import type { FinishedRun, OutputTensor } from '../instances/instance.js';
import { ownShape } from '../instances/request-inputs.js';
import { elementsEnd } from '../tensors/bytes.js';
import { elementBytes } from '../tensors/datatype.js';
import { elementCount, type Shape } from '../tensors/shape.js';

/** A request's part of an output, in the shape that its caller sees; or why it has none. */
export type Part = OutputTensor | InferenceError;

/** The outputs that are not cut by rows, by their index: a part for each request, in their order. */
export type Scattered = ReadonlyMap<number, readonly Part[]>;

/** Cuts the outputs of a run that its model's `batch_output` names; undefined when it names none. */
export function splitScattered(
  model: ModelSpec,
  requests: readonly InferRequest[],
  run: FinishedRun,
): Scattered | undefined {
  if (model.batchOutputs === undefined) return undefined;
  const scattered = new Map<number, readonly Part[]>();
  for (const batchOutput of model.batchOutputs) {
    const output = run.outputs.find(({ index }) => index === batchOutput.output);
    const spec = model.outputs[batchOutput.output];
    if (output === undefined || spec === undefined) continue;
    const shapes = requests.map((request) => partShape(model, { spec, batchOutput, request }));
    scattered.set(output.index, cut(spec, { output, requests, shapes }));
  }
  return scattered;
}

/** The dims of the output, each free one with the size that the request's source input has at its place. */
function partShape(
  model: ModelSpec,
  part: { spec: TensorSpec; batchOutput: BatchOutputSpec; request: InferRequest },
): Shape {
  const source = ownShape(model, part.batchOutput.source, part.request);
  const pattern = model.maxBatchSize > 0 ? [-1, ...part.spec.dims] : part.spec.dims;
  return pattern.map((dim, i) => (dim === -1 ? (source[i] ?? 0) : dim));
}

/** Each request takes, in turn, as many elements as its shape has; those that are left belong to nobody. */
function cut(
  { name }: TensorSpec,
  part: { output: OutputTensor; requests: readonly InferRequest[]; shapes: readonly Shape[] },
): Part[] {
  const { output, requests, shapes } = part;
  const given = elementCount(output.shape);
  let elements = 0;
  let start = 0;
  return requests.map((request, i) => {
    const shape = shapes[i] ?? [];
    const count = elementCount(shape);
    elements += count;
    if (elements > given) {
      return new InferenceError(
        'unsupported',
        `${requestPrefix(request)}failed to split the output tensor '${name}' in responses: expected at least ${elements} elements in model output, got ${given}`,
      );
    }
    const rest = output.data.subarray(start);
    const width = elementBytes[output.datatype];
    const byteLength = output.datatype === 'BYTES' ? elementsEnd(rest, count) : count * width;
    start += byteLength;
    return { ...output, shape, data: rest.subarray(0, byteLength) };
  });
}
