import type { Entry } from './entry.js';

/** What an idle instance gets when it asks for work. */
export type Pull =
  /** These are handed over now: runs, one after another, each of entries that run together. */
  | { readonly kind: 'runs'; readonly runs: readonly (readonly Entry[])[] }
  /** Something waits, and better company may come until then. */
  | { readonly kind: 'wait'; readonly untilUs: number }
  /** Nothing waits. */
  | { readonly kind: 'empty' };

/**
 * Forms batches. A batcher never starts work: an instance that is free pulls from it. It has no clock of
 * its own and keeps no timer, so its decisions are a function of what was offered and of the time given.
 */
export interface Batcher {
  readonly size: number;
  offer(entry: Entry): void;
  /** `most` bounds the runs of a hand-off; it is at least one. */
  pull(nowUs: number, most: number): Pull;
  /** Takes out an entry whose caller gave up; false if it is not here any more. */
  remove(entry: Entry): boolean;
}
