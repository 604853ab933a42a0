import type { ErrorCode } from '../inference/error.js';

/** One finding of a config check: Triton's text where Triton has one, and what mends it. */
export interface Problem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy: string;
}

export function invalid(message: string, remedy = ''): Problem {
  return { code: 'invalid-argument', message, remedy };
}
