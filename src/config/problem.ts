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

export function unsupported(message: string, remedy: string): Problem {
  return { code: 'unsupported', message, remedy };
}

/** A problem in one line for a person: what is wrong and, where known, what mends it. */
export function describeProblem({ message, remedy }: Pick<Problem, 'message' | 'remedy'>): string {
  return remedy === '' ? message : `${message.replace(/\.$/, '')}. To mend it: ${remedy}`;
}
