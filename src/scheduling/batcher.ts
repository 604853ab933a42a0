import type { Entry } from './entry.js';

/** What an idle instance gets when it asks for work. */
export type Pull =
  /** These run now, together. */
  | { readonly kind: 'batch'; readonly entries: readonly Entry[] }
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
  pull(nowUs: number): Pull;
  /** Takes out an entry whose caller gave up; false if it is not here any more. */
  remove(entry: Entry): boolean;
}
