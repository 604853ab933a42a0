import { InferenceError } from '../../../inference/error.js';
import {
  ChunkedBytes,
  turnBytesMax,
  wholeBytes,
  wholeBytesInTurns,
  type TensorBytes,
} from '../../../tensors/chunked-bytes.js';
import { unreadableRequest } from '../status.js';
import type { Codec } from '../transport.js';

/** The request that a message is; whatever a codec throws becomes the error that its client is told. */
export function decodeRequest<T>(codec: Codec<T, unknown>, message: TensorBytes): T {
  try {
    if (message instanceof ChunkedBytes && codec.decodeChunks !== undefined)
      return codec.decodeChunks(message);
    return codec.decode(wholeBytes(message));
  } catch (error) {
    throw error instanceof InferenceError ? error : unreadableRequest(error);
  }
}

/**
 * The message as its codec reads it at once; one so large that making it one piece would hold the event loop up
 * comes later.
 */
export function readable(
  codec: Codec<unknown, unknown>,
  message: TensorBytes,
): TensorBytes | Promise<TensorBytes> {
  if (!(message instanceof ChunkedBytes) || message.byteLength <= turnBytesMax) return message;
  return codec.decodeChunks === undefined ? wholeBytesInTurns(message) : message;
}
