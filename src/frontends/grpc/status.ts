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

/** gRPC's names for its numbers. */
const names = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
];

/** The codes that a transport answers with by itself. */
export const statusCode = {
  cancelled: 1,
  deadlineExceeded: 4,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
} as const;

/**
 * Names out of a request are part of messages, and clients give up on headers of more than some KiB:
 * this is the most that a message may take as a header, where most characters take three bytes and more.
 */
const headerBytesMax = 4096;

/** What the longest encoding of a character takes for each of its UTF-16 units. */
const headerBytesPerUnit = 9;

export interface GrpcStatus {
  readonly code: number;
  readonly details: string;
}

/** The status that a call ends with when something was thrown: the bare message, as in Triton. */
export function toStatus(thrown: unknown): GrpcStatus {
  const { code, message, late } = toInferenceError(thrown);
  // What a client of gRPC gets when its deadline passes, now or later.
  if (late) return { code: statusCode.deadlineExceeded, details: 'Deadline Exceeded' };
  return { code: numbers[code], details: asHeader(message) };
}

/** The message as far as a header holds it, without halves of characters, which no header can carry. */
function asHeader(message: string): string {
  let text = '';
  let bytes = 0;
  const short = message.length * headerBytesPerUnit <= headerBytesMax;
  if (short && !/\p{Surrogate}/u.test(message)) return message;
  for (const character of message) {
    const whole = /\p{Surrogate}/u.test(character) ? '\ufffd' : character;
    bytes += encodeURIComponent(whole).length;
    if (bytes > headerBytesMax) return `${text}…`;
    text += whole;
  }
  return text;
}

/** A status by its name, or its number where it has none. */
export function statusName(code: number): string {
  return names[code] ?? String(code);
}

/** What Triton's gRPC library answers to bytes that are no message. */
export function unreadableRequest(cause: unknown): InferenceError {
  return new InferenceError('internal', 'Unable to parse request', { cause });
}
