import type { RequestTrace, TracedTensor } from '../inference/request-trace.js';
import { elementCount } from '../tensors/shape.js';
import { tensorText } from './tensor-text.js';

/**
 * A trace as Triton's trace files have it: an object that says whose it is, then one for each moment and each
 * tensor, all with the trace's number. Joined by commas, without the brackets of the file.
 */
export function traceJson(trace: RequestTrace): string {
  const { id, modelName, modelVersion, requestId } = trace.subject;
  const head = {
    id,
    model_name: modelName,
    model_version: modelVersion,
    ...(requestId === '' ? {} : { request_id: requestId }),
  };
  const parts = [JSON.stringify(head)];
  for (const { name, us } of trace.stamps) {
    parts.push(`{"id":${id},"timestamps":[{"name":"${name}","ns":${Math.round(us * 1000)}}]}`);
  }
  for (const tensor of trace.tensors) parts.push(tensorJson(id, tensor));
  return parts.join(',');
}

/** `elements_left_out` is ours, and only there where not all elements are shown. */
function tensorJson(id: number, { activity, name, datatype, shape, head }: TracedTensor): string {
  const { text, shown } = tensorText(datatype, head);
  const leftOut = elementCount(shape) - shown;
  const tensor = { name, data: text, shape: shape.join(','), dtype: datatype };
  return JSON.stringify({
    id,
    activity,
    tensor: leftOut > 0 ? { ...tensor, elements_left_out: leftOut } : tensor,
  });
}
