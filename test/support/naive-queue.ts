import type { BatchingSpec, QueuePolicy } from '../../src/config/batching.js';
import type { Entry } from '../../src/scheduling/entry.js';

type Rules = Pick<BatchingSpec, 'levelCount' | 'defaultLevel' | 'defaultPolicy' | 'policies'>;

interface Waiting {
  readonly entry: Entry;
  readonly level: number;
  readonly deadlineUs: number;
  readonly arrival: number;
  /** When it stepped back behind those with time left; undefined while it has time left. */
  late: number | undefined;
}

/** The queue of one model as its rules are written down, without a thought for speed. */
export class NaiveQueue {
  readonly #rules: Rules;
  #waiting: Waiting[] = [];
  #turn = 0;

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  levelOf({ request: { priority } }: Entry): number {
    const { levelCount, defaultLevel } = this.#rules;
    if (levelCount === 0) return 0;
    return priority >= 1n && priority <= BigInt(levelCount) ? Number(priority) : defaultLevel;
  }

  policyOf(level: number): QueuePolicy {
    return this.#rules.policies.get(level) ?? this.#rules.defaultPolicy;
  }

  deadlineOf(entry: Entry): number {
    const { timeoutUs, overridable } = this.policyOf(this.levelOf(entry));
    const own = Number(entry.request.timeoutUs);
    if (timeoutUs === 0) return Infinity;
    return entry.enqueuedUs + (overridable && own > 0 ? Math.min(own, timeoutUs) : timeoutUs);
  }

  push(entry: Entry): boolean {
    const level = this.levelOf(entry);
    if (this.countAt(level) >= this.policyOf(level).sizeMax) return false;
    const deadlineUs = this.deadlineOf(entry);
    this.#waiting.push({ entry, level, deadlineUs, arrival: this.#turn++, late: undefined });
    return true;
  }

  remove(entry: Entry): boolean {
    const count = this.#waiting.length;
    this.#waiting = this.#waiting.filter((other) => other.entry !== entry);
    return this.#waiting.length < count;
  }

  countAt(wanted: number): number {
    return this.#waiting.filter(({ level }) => level === wanted).length;
  }

  get nextDeadlineUs(): number {
    return Math.min(
      ...this.#waiting.map(({ late, deadlineUs }) => (late === undefined ? deadlineUs : Infinity)),
    );
  }

  /** Those that fail, in the order of their deadlines. */
  expire(nowUs: number): Entry[] {
    const over = this.#waiting
      .filter(({ late, deadlineUs }) => late === undefined && deadlineUs <= nowUs)
      .toSorted((a, b) => a.deadlineUs - b.deadlineUs || a.arrival - b.arrival);
    const failed: Entry[] = [];
    for (const one of over) {
      if (this.policyOf(one.level).action === 'delay') one.late = this.#turn++;
      else failed.push(one.entry);
    }
    for (const entry of failed) this.remove(entry);
    return failed;
  }

  /** All that wait, as they are served. */
  inOrder(): Entry[] {
    return this.#waiting
      .toSorted(
        (a, b) =>
          a.level - b.level ||
          Number(a.late !== undefined) - Number(b.late !== undefined) ||
          (a.late ?? a.arrival) - (b.late ?? b.arrival),
      )
      .map(({ entry }) => entry);
  }

  /** Samples that are served before one of this level that came now. */
  rowsBefore(wanted: number): number {
    return this.#waiting
      .filter(({ level, late }) => level < wanted || (level === wanted && late === undefined))
      .reduce((rows, { entry }) => rows + entry.rows, 0);
  }
}

/** What Triton's round makes of a queue for which an instance is free: a count of requests, or until when it sleeps. */
export function naiveRound(
  queue: readonly Entry[],
  spec: BatchingSpec,
  nowUs: number,
): { readonly send: number } | { readonly untilUs: number } {
  const largest = spec.preferredSizes.at(-1) ?? spec.batchSizeMax;
  let [best, cut, samples, picked, sendNow] = [0, 0, 0, 0, false];
  for (const entry of queue) {
    if (picked > 0) {
      if (samples + entry.rows > largest && best === 0) [best, cut] = [samples, picked];
      sendNow = samples + entry.rows > spec.batchSizeMax || dimOf(entry) !== dimOf(queue[0]!);
      if (sendNow) break;
    }
    samples += entry.rows;
    picked += 1;
    if (spec.preferredSizes.includes(samples)) [best, cut] = [samples, picked];
  }
  const oldestUs = Math.min(...queue.slice(0, picked).map(({ enqueuedUs }) => enqueuedUs));
  const exceeded = spec.delayUs !== 0 && nowUs - oldestUs >= spec.delayUs;
  if (best !== 0 && !exceeded) return { send: cut };
  if (sendNow || samples >= largest) return { send: picked };
  if (exceeded || spec.delayUs === 0) return { send: picked };
  return { untilUs: oldestUs + spec.delayUs };
}

function dimOf({ request }: Entry): number | undefined {
  return request.inputs[0]?.shape[1];
}
