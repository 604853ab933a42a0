import { toInferenceError, type ErrorCode } from '../../inference/error.js';
import type { HttpAnswer } from './exchange.js';

/** HTTP's numbers for the codes of InferenceError, as Triton maps them. */
const numbers: Readonly<Record<ErrorCode, number>> = {
  cancelled: 400,
  unknown: 400,
  'invalid-argument': 400,
  'not-found': 404,
  'already-exists': 400,
  unsupported: 501,
  internal: 500,
  unavailable: 503,
};

/** An answer that says what went wrong, as all front ends of Triton's HTTP do. */
export function errorAnswer(status: number, message: string): HttpAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ error: message }),
  };
}

/** HTTP's number for what was thrown. */
export function statusOf(thrown: unknown): number {
  return numbers[toInferenceError(thrown).code];
}

/** The answer to a request on whose way something was thrown. */
export function toAnswer(thrown: unknown): HttpAnswer {
  return errorAnswer(statusOf(thrown), toInferenceError(thrown).message);
}
