import type { DelayMode } from '../config/batching.js';
import type { TunerState } from './delay-tuner.js';
import type { Entry } from './entry.js';

/** Why a batch was closed: what kept it from being larger. */
export type CloseReason =
  /** It has as many samples as a batch may have, or as many bytes where samples are large. */
  | 'full'
  /** It has a preferred size, or would pass the largest one. */
  | 'preferred'
  /** An instance was free and there is no reason to wait. */
  | 'instance-free'
  /** The oldest of its requests has waited as long as the config allows. */
  | 'delay-over'
  /** The next request's tensors do not fit together with these. */
  | 'shape-differs'
  /** The next request is too large for it, and nobody overtakes. */
  | 'ordering'
  /** As above, and the next request stands at another priority level. */
  | 'priority'
  /** The server leaves, and waits for no company any more. */
  | 'shutdown';

export const closeReasons: readonly CloseReason[] = [
  'full',
  'preferred',
  'instance-free',
  'delay-over',
  'shape-differs',
  'ordering',
  'priority',
  'shutdown',
];

/** `direct` forms no batches; the others are dynamic batchers by how they wait. */
export type BatcherMode = 'direct' | DelayMode;

/** What an idle instance gets when it asks for work. */
export type Pull =
  /** These are handed over now: runs, one after another, each of entries that run together. */
  | { readonly kind: 'runs'; readonly runs: readonly (readonly Entry[])[]; readonly closed: CloseReason }
  /** Something waits, and better company may come until then. */
  | { readonly kind: 'wait'; readonly untilUs: number }
  /** Nothing waits. */
  | { readonly kind: 'empty' };

/**
 * Forms batches. A batcher never starts work: an instance that is free pulls from it. It has no clock of
 * its own and keeps no timer, so its decisions are a function of what was offered and of the time given.
 */
export interface Batcher {
  readonly mode: BatcherMode;
  /** Requests that wait. */
  readonly size: number;
  /** When the request came that has waited longest; undefined when none waits. */
  readonly oldestUs: number | undefined;
  /** When the time of the next waiting request is over; Infinity when none has a limit. */
  readonly nextDeadlineUs: number;
  /** The runs, at the least, that come before that of an admitted entry. */
  runsBefore(entry: Entry): number;
  /** Gives an entry what the model's rules give it: its level and its deadline. */
  admit(entry: Entry): void;
  /** Lets an admitted entry wait; false if there is no room for it. */
  offer(entry: Entry): boolean;
  /** `most` bounds the runs of a hand-off; it is at least one. */
  pull(nowUs: number, most: number): Pull;
  /** Takes out an entry whose caller gave up; false if it is not here any more. */
  remove(entry: Entry): boolean;
  /** Takes out those whose time in the queue is over; they fail. */
  expire(nowUs: number): readonly Entry[];
  /** A batch that was pulled came back after `tookUs`; 0 when it was lost or could not be run at all. */
  ran(nowUs: number, entries: readonly Entry[], tookUs: number): void;
  /** A request was answered so long after it came. */
  answered(latencyUs: number): void;
  /** Takes out all that waits. */
  drain(): readonly Entry[];
  /** What the batcher has learnt of its traffic; undefined when it does not learn. */
  learntAt(nowUs: number): TunerState | undefined;
  /** From here on nothing waits for company. */
  hurry(): void;
}
