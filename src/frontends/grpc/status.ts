import { InferenceError, toInferenceError, type ErrorCode } from '../../inference/error.js';

/** gRPC's numbers for the codes of InferenceError. */
const numbers: Readonly<Record<ErrorCode, number>> = {
  cancelled: 1,
  unknown: 2,
  'invalid-argument': 3,
  'not-found': 5,
  'already-exists': 6,
  unsupported: 12,
  internal: 13,
  unavailable: 14,
};

/** Names out of a request are part of messages; clients give up on headers of more than some KiB. */
const detailsMax = 4096;

export interface GrpcStatus {
  readonly code: number;
  readonly details: string;
}

/** The status that a call ends with when something was thrown: the bare message, as in Triton. */
export function toStatus(thrown: unknown): GrpcStatus {
  const { code, message } = toInferenceError(thrown);
  return {
    code: numbers[code],
    details: message.length > detailsMax ? `${message.slice(0, detailsMax)}…` : message,
  };
}

/** What Triton's gRPC library answers to bytes that are no message. */
export function unreadableRequest(cause: unknown): InferenceError {
  return new InferenceError('internal', 'Unable to parse request', { cause });
}
