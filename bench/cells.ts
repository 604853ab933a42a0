import { payloads, simplePayload, type Payload, type Subject } from './subjects.js';
import type { BenchOptions } from './options.js';

/** One figure of the result: a subject under a load. */
export interface Cell {
  readonly subject: Subject;
  readonly payload: Payload;
  readonly concurrency: number;
}

/** Bytes of requests that may be under way at once: what bounds the memory of client and server. */
const openBytesMax = 1024 * 1024 * 1024;

/**
 * The cells in groups that stand to be compared: same payload, same concurrency, one subject each.
 * Large payloads get fewer lanes than were asked for.
 */
export function listGroups(subjects: readonly Subject[], options: BenchOptions): Cell[][] {
  const kept = [simplePayload, ...payloads].filter(
    ({ name }) => options.payloads.length === 0 || options.payloads.includes(name),
  );
  return kept.flatMap((payload) => {
    const takers = subjects.filter(({ model }) => (model === 'simple') === (payload === simplePayload));
    const most = Math.max(1, Math.floor(openBytesMax / payload.bytes));
    const lanes = new Set(options.concurrencies.map((wanted) => Math.min(wanted, most)));
    return [...lanes].map((concurrency) => takers.map((subject) => ({ subject, payload, concurrency })));
  });
}

/** A cell as a person reads it. */
export function nameOf({ subject, payload, concurrency }: Cell): string {
  return `${subject.name} ${payload.name} c=${concurrency}`;
}
