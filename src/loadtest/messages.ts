import type { LoadPlan, LoadResult } from './load.js';
import type { RequestPlan } from './payload.js';

/** What a load worker calls. */
export interface TargetPlan {
  /** `host:port` */
  readonly target: string;
  readonly request: RequestPlan;
  readonly connectionCount: number;
  readonly answerBytesMin: number;
}

export type ToWorker =
  /** Connect; replaces what was connected before. */
  | { readonly kind: 'connect'; readonly plan: TargetPlan }
  /** Drive a load, and answer with its result. */
  | { readonly kind: 'drive'; readonly plan: LoadPlan };

export type FromWorker =
  | { readonly kind: 'connected' }
  | { readonly kind: 'driven'; readonly result: LoadResult };
