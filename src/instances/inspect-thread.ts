import type { ModelFacts } from '../config/model-facts.js';
import { toInferenceError } from '../inference/error.js';
import { inspectOnnx, type Inspection } from './backends/onnx-inspect.js';
import type { ErrorMessage } from './messages.js';
import { lowerThreadPriority } from './priority.js';

export type Inspected =
  | { readonly kind: 'facts'; readonly facts: ModelFacts }
  | { readonly kind: 'failed'; readonly error: ErrorMessage };

/** Behind the instances too: what serves comes before what is to serve. */
const nice = 5;

/** The work of a thread that looks into model files; errors are told, for a clone would lose their code. */
export default async function inspect(inspection: Inspection): Promise<Inspected> {
  lowerThreadPriority(nice);
  try {
    return { kind: 'facts', facts: await inspectOnnx(inspection) };
  } catch (error) {
    const { code, message, stack } = toInferenceError(error);
    return { kind: 'failed', error: { code, message, stack } };
  }
}
