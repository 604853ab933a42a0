import { toInferenceError, type ErrorCode } from '../../../inference/error.js';
import { moved } from '../../../offload/moved.js';
import { readInferRequest, type ReadLimits, type WireInferRequest } from './infer-request.js';
import { responseJson, type ResponseForm } from './infer-response.js';

/** JSON that is too large for the event loop. */
export type JsonTask =
  | { readonly kind: 'read'; readonly pieces: readonly Uint8Array[]; readonly limits: ReadLimits }
  | { readonly kind: 'write'; readonly response: ResponseForm };

export type JsonWorkResult =
  | { readonly kind: 'read'; readonly request: WireInferRequest }
  | { readonly kind: 'written'; readonly pieces: readonly Uint8Array[] }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };

/** What a thread does with it. */
export default function work(task: JsonTask): unknown {
  try {
    if (task.kind === 'write') {
      const pieces = responseJson(task.response);
      return moved({ kind: 'written', pieces } satisfies JsonWorkResult, buffersOf(pieces));
    }
    const [first, ...others] = task.pieces;
    const json = first !== undefined && others.length === 0 ? first : Buffer.concat(task.pieces);
    const request = readInferRequest(json, task.limits);
    return moved({ kind: 'read', request } satisfies JsonWorkResult, tensorBuffers(request));
  } catch (error) {
    const { code, message } = toInferenceError(error);
    return { kind: 'failed', code, message } satisfies JsonWorkResult;
  }
}

function tensorBuffers({ inputs }: WireInferRequest): ArrayBuffer[] {
  if (typeof inputs === 'string') return [];
  return buffersOf(inputs.flatMap(({ data }) => (data?.kind === 'data' ? [data.data] : [])));
}

/** The memory of bytes that nobody else has a view of. */
function buffersOf(pieces: readonly Uint8Array[]): ArrayBuffer[] {
  const buffers = pieces.map(({ buffer }) => buffer);
  return buffers.filter((buffer): buffer is ArrayBuffer => buffer instanceof ArrayBuffer);
}
