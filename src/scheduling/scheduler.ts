import type { Clock } from '../inference/clock.js';
import { InferenceError, toInferenceError } from '../inference/error.js';
import { requestPrefix, type InferRequest } from '../inference/request.js';
import type { InferResponse } from '../inference/response.js';
import type { Instance, RunResult } from '../instances/instance.js';
import type { Run } from '../instances/messages.js';
import { fillSlot, type SlotPlan } from '../instances/slot.js';
import type { Batcher } from './batcher.js';
import { Entry } from './entry.js';
import { HandOffSize } from './hand-off.js';
import { scatter, type Source } from './scatter.js';

/** Where a scheduler gets its instances from. */
export interface Instances {
  readonly idleCount: number;
  takeIdle(): Instance | undefined;
  giveBack(instance: Instance): void;
}

export interface SchedulerParts {
  readonly batcher: Batcher;
  readonly instances: Instances;
  readonly plan: SlotPlan;
  readonly source: Source;
  readonly clock: Clock;
}

/**
 * Decides, for one model version, when which request runs. Requests wait in the batcher; idle instances
 * pull from it, when a request arrives, when a run ends, and when a batch falls due. A request that is
 * cancelled while it waits leaves at once and never reaches a thread; one that runs is run to its end
 * and its answer dropped.
 */
export class Scheduler {
  readonly #parts: SchedulerParts;
  readonly #handOffSize = new HandOffSize();
  #running = 0;
  #stopped = false;
  #dropDue: (() => void) | undefined;
  #drained: (() => void)[] = [];

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
  }

  /** Requests that wait or run. */
  get inFlightCount(): number {
    return this.#parts.batcher.size + this.#running;
  }

  infer(request: InferRequest): Promise<InferResponse> {
    if (this.#stopped) return Promise.reject(stoppedError(request));
    if (request.cancelled) return Promise.reject(cancelledError());
    return new Promise((resolve, reject) => {
      const entry = new Entry(request, this.#parts.clock.nowUs(), { resolve, reject });
      request.onCancel = () => this.#cancel(entry);
      this.#parts.batcher.offer(entry);
      this.pump();
    });
  }

  /** Takes no more requests; resolves when those that wait or run have been answered. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.inFlightCount === 0) return;
    await new Promise<void>((resolve) => this.#drained.push(resolve));
  }

  /** Gives work to idle instances. To be called when an instance becomes idle by a way not seen here. */
  pump(): void {
    const { batcher, instances, clock } = this.#parts;
    this.#dropDue?.();
    this.#dropDue = undefined;
    while (batcher.size > 0) {
      const most = this.#handOffSize.most(batcher.size, instances.idleCount);
      const instance = instances.takeIdle();
      if (instance === undefined) return;
      const pull = batcher.pull(clock.nowUs(), most);
      if (pull.kind === 'runs') {
        this.#handOver(instance, pull.runs);
        continue;
      }
      instances.giveBack(instance);
      if (pull.kind === 'wait') this.#wakeAt(pull.untilUs);
      return;
    }
  }

  /** Fails everything that waits: there is nobody to run it, nor soon will be. */
  failWaiting(error: InferenceError): void {
    const { batcher } = this.#parts;
    while (batcher.size > 0) {
      const pull = batcher.pull(Number.MAX_SAFE_INTEGER, batcher.size);
      if (pull.kind !== 'runs') break;
      for (const entry of pull.runs.flat()) entry.reject(error);
    }
    this.#settle();
  }

  #wakeAt(untilUs: number): void {
    const { clock } = this.#parts;
    const delayMs = Math.max(0, (untilUs - clock.nowUs()) / 1000);
    this.#dropDue = clock.after(delayMs, () => this.pump());
  }

  #cancel(entry: Entry): void {
    if (!this.#parts.batcher.remove(entry)) return;
    entry.reject(cancelledError());
    this.#settle();
  }

  #handOver(instance: Instance, pulled: readonly (readonly Entry[])[]): void {
    const { filled, runs } = this.#fill(pulled);
    if (runs.length === 0) {
      this.#parts.instances.giveBack(instance);
      return;
    }
    const count = filled.reduce((sum, entries) => sum + entries.length, 0);
    this.#running += count;
    const ended = (settle: () => void): void => {
      this.#parts.instances.giveBack(instance);
      this.pump();
      this.#running -= count;
      settle();
      this.#settle();
    };
    instance.run(runs).then(
      ({ results, tookUs }) => {
        this.#handOffSize.observe(runs.length, tookUs);
        ended(() => {
          for (const [index, entries] of filled.entries()) this.#answer(entries, results[index]);
        });
      },
      (error: unknown) => ended(() => failAll(filled.flat(), toInferenceError(error))),
    );
  }

  /** Writes each batch into a slot; one that no slot can hold fails, and the others go on. */
  #fill(pulled: readonly (readonly Entry[])[]): { filled: (readonly Entry[])[]; runs: Run[] } {
    const { plan, source } = this.#parts;
    const filled: (readonly Entry[])[] = [];
    const runs: Run[] = [];
    for (const entries of pulled) {
      try {
        const requests = entries.map(({ request }) => request);
        runs.push(fillSlot(plan, requests, source.arena));
        filled.push(entries);
      } catch (error) {
        for (const entry of entries) entry.reject(toInferenceError(error));
      }
    }
    return { filled, runs };
  }

  #answer(entries: readonly Entry[], result: RunResult | undefined): void {
    const { source } = this.#parts;
    if (result === undefined) throw new Error('A run came back without its result. This is a bug.');
    if (result.kind === 'failed') {
      source.arena.giveBack(result.slot);
      failAll(entries, result.error);
      return;
    }
    const requests = entries.map(({ request }) => request);
    for (const [index, answer] of scatter(source, requests, result).entries()) {
      const entry = entries[index];
      if (entry === undefined) continue;
      if (answer instanceof InferenceError) failAll([entry], answer);
      else entry.resolve(answer);
    }
  }

  #settle(): void {
    if (!this.#stopped || this.inFlightCount > 0) return;
    for (const resolve of this.#drained) resolve();
    this.#drained = [];
  }
}

function failAll(entries: readonly Entry[], error: InferenceError): void {
  error.executed = true;
  for (const entry of entries) entry.reject(error);
}

function cancelledError(): InferenceError {
  return new InferenceError('cancelled', '');
}

function stoppedError(request: InferRequest): InferenceError {
  return new InferenceError(
    'unavailable',
    `${requestPrefix(request)}Server is stopping, scheduler for model has stopped accepting new inference requests`,
  );
}
