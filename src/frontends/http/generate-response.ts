import type { InferResponse } from '../../inference/response.js';
import { tensorToJson } from './tensor-json.js';

/**
 * An answer as one JSON object: all keys on one level, in the order of their bytes, a tensor of one element as that
 * element. A name that the answer itself uses is no output's.
 */
export async function describeResponse(
  { modelName, modelVersion, outputs }: InferResponse,
  id: string,
): Promise<string> {
  const values = new Map<string, string>();
  if (id !== '') values.set('id', JSON.stringify(id));
  values.set('model_name', JSON.stringify(modelName));
  values.set('model_version', JSON.stringify(String(modelVersion)));
  for (const tensor of outputs) {
    if (values.has(tensor.name)) continue;
    values.set(tensor.name, await tensorToJson(tensor));
  }
  const sorted = [...values].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `{${sorted.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`;
}
