/** The outcomes that a request can fail with: Triton's eight codes and a client's cancellation. */
export type ErrorCode =
  /** The cause could not be told. */
  | 'unknown'
  /** The server or the runtime failed, not the request. */
  | 'internal'
  /** The named thing does not exist. */
  | 'not-found'
  /** The request can never succeed as it is. */
  | 'invalid-argument'
  /** Not now: the same request may succeed later. */
  | 'unavailable'
  /** The server knows what is meant and does not do it. */
  | 'unsupported'
  /** The name is taken. */
  | 'already-exists'
  /** The caller gave up. */
  | 'cancelled';

/** Why a request failed that had been accepted; one that is refused before has no reason and is not counted. */
export type FailureReason =
  /** It waited longer than it may. */
  | 'rejected'
  /** The caller gave up while it waited. */
  | 'canceled'
  /** The model ran and failed, or the instance was lost meanwhile. */
  | 'backend'
  /** Anything else. */
  | 'other';

/** Why a request got no run: those of Triton's failures that never ran, and those that Triton counts nowhere. */
export const refusalReasons = [
  /** Not as the model wants it. */
  'invalid',
  /** The server holds as many bytes of requests as it may. */
  'pending_bytes',
  /** As many wait as may. */
  'queue_full',
  /** It could not be in time for its deadline or its queue's timeout. */
  'late',
  /** It waited longer than it may. */
  'timeout',
  /** The version takes no more requests. */
  'stopped',
] as const;

export type RefusalReason = (typeof refusalReasons)[number];

const names: Readonly<Record<ErrorCode, string>> = {
  unknown: 'Unknown',
  internal: 'Internal',
  'not-found': 'Not found',
  'invalid-argument': 'Invalid argument',
  unavailable: 'Unavailable',
  unsupported: 'Unsupported',
  'already-exists': 'Already exists',
  cancelled: 'Cancelled',
};

/** The one error that crosses the layers; each front end turns it into its wire's form. */
export class InferenceError extends Error {
  readonly code: ErrorCode;
  /** Whether the model had begun to run; set by whoever ran it. */
  executed = false;
  /** Whether it was refused because its caller would have given up before it could begin. */
  late = false;

  constructor(code: ErrorCode, message: string, options?: { cause: unknown }) {
    super(message, options);
    this.name = 'InferenceError';
    this.code = code;
  }

  /** The form used in logs, in the repository index and inside load errors: `Internal: …`. */
  describe(): string {
    return `${names[this.code]}: ${this.message}`;
  }
}

/** The error of a request that can never succeed as it is. */
export function invalidArgument(message: string): InferenceError {
  return new InferenceError('invalid-argument', message);
}

/** Any thrown value as an InferenceError; what was not foreseen becomes an internal one. */
export function toInferenceError(thrown: unknown): InferenceError {
  if (thrown instanceof InferenceError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new InferenceError('internal', message, { cause: thrown });
}
