import type { ModelFacts } from '../config/model-facts.js';
import { InferenceError } from '../inference/error.js';
import { OffloadPool } from '../offload/pool.js';
import type { Inspection } from './backends/onnx-inspect.js';
import type { Inspected } from './inspect-thread.js';

/** While a thread looks into a model it holds all its weights: two at once read as fast as more would. */
const threadsMax = 2;

const pool = new OffloadPool<Inspection, Inspected>({
  module: new URL('inspect-thread.js', import.meta.url),
  threadsMax,
});

/** Opens a model file in a thread of its own and tells what it says of itself; throws as a load would. */
export async function inspectModel(inspection: Inspection): Promise<ModelFacts> {
  const inspected = await pool.run(inspection);
  if (inspected.kind === 'facts') return inspected.facts;
  const { code, message, stack } = inspected.error;
  throw Object.assign(new InferenceError(code, message), stack === undefined ? {} : { stack });
}

/** Threads that look into models, or wait for the next one, right now. */
export function countInspectThreads(): Promise<number> {
  return pool.countThreads();
}
