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

/** A failure that only HTTP knows: with a status or a header of its own. */
export class HttpFailure extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = 'HttpFailure';
    this.status = status;
    this.headers = headers;
  }
}

/** An answer that says what went wrong, as all front ends of Triton's HTTP do. */
export function errorAnswer(
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
  return {
    status,
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ error: message }),
  };
}

/** HTTP's number for what was thrown. */
export function statusOf(thrown: unknown): number {
  return thrown instanceof HttpFailure ? thrown.status : numbers[toInferenceError(thrown).code];
}

/** The answer to a request on whose way something was thrown. */
export function toAnswer(thrown: unknown): HttpAnswer {
  const headers = thrown instanceof HttpFailure ? thrown.headers : {};
  return errorAnswer(statusOf(thrown), toInferenceError(thrown).message, headers);
}
