import type { Clock } from '../inference/clock.js';
import type { InferenceError } from '../inference/error.js';
import type { InferRequest } from '../inference/request.js';
import type { InferResponse } from '../inference/response.js';
import type { Instance } from '../instances/instance.js';
import type { SlotPlan } from '../instances/slot.js';
import { Answers } from './answers.js';
import type { Batcher, CloseReason } from './batcher.js';
import { BatchingCounts, type BatchingReport } from './batching-report.js';
import { Entry, type EntryOwner } from './entry.js';
import { ExpectedWait } from './expected-wait.js';
import { HandOver } from './hand-over.js';
import type { Recorder } from './recorder.js';
import { cancelledError, expiredError, fullError, lateError, stoppedError } from './refusals.js';
import type { Source } from './scatter.js';

/** Where a scheduler gets its instances from. */
export interface Instances {
  readonly idleCount: number;
  readonly aliveCount: number;
  takeIdle(): Instance | undefined;
  giveBack(instance: Instance): void;
}

export interface SchedulerParts {
  readonly batcher: Batcher;
  readonly instances: Instances;
  readonly plan: SlotPlan;
  readonly source: Source;
  readonly clock: Clock;
  readonly recorder: Recorder;
  /** Whether answers leave in the order in which their requests came. */
  readonly ordered: boolean;
}

/**
 * Decides, for one model version, when which request runs. Requests wait in the batcher; idle instances
 * pull from it, at the end of a turn of the event loop that brought requests, when a run ends, and when a
 * batch falls due. A request that is cancelled while it waits, or whose time is over, leaves at once and
 * never reaches a thread; one that runs is run to its end and its answer dropped. A run of several requests
 * that fails is run again request by request, so that each fails for itself.
 *
 * Invariant: a request that was let in is answered exactly once and recorded exactly once.
 */
export class Scheduler implements EntryOwner {
  readonly #parts: SchedulerParts;
  readonly #answers: Answers;
  readonly #handOver: HandOver;
  readonly #expectedWait = new ExpectedWait();
  readonly #counts = new BatchingCounts();
  #stopped = false;
  #pumpsSoon = false;
  #dueUs = Infinity;
  #dropDue: (() => void) | undefined;
  #drained: (() => void)[] = [];

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
    const { source, recorder, batcher, clock, ordered } = parts;
    this.#answers = new Answers({ source, recorder, batcher, ordered, nowUs: () => clock.nowUs() });
    this.#handOver = new HandOver(parts, this.#answers, {
      onFree: () => this.pump(),
      onRan: (runUs) => this.#expectedWait.observe(runUs),
      onEnded: () => this.#settle(),
    });
  }

  /** Requests that wait or run. */
  get inFlightCount(): number {
    return this.#parts.batcher.size + this.#handOver.runningCount;
  }

  /** How many batches were closed for which reason. */
  get closed(): Readonly<Record<CloseReason, number>> {
    return this.#counts.closed;
  }

  /** How long instances were at work for runs that have come back, all of them together. */
  get busyUs(): number {
    return this.#handOver.busyUs;
  }

  /** When the request came that has waited longest; undefined when none waits. */
  get oldestUs(): number | undefined {
    return this.#parts.batcher.oldestUs;
  }

  /** What the batcher does and has learnt. */
  batching(nowUs: number): BatchingReport {
    const { batcher, instances } = this.#parts;
    return {
      ...this.#counts.totals,
      mode: batcher.mode,
      atUs: nowUs,
      waiting: batcher.size,
      running: this.#handOver.runningCount,
      instanceCount: instances.aliveCount,
      learnt: batcher.learntAt(nowUs),
    };
  }

  /** Lets a request wait for its run; `startUs` is when the server began with it. */
  infer(request: InferRequest, startUs = this.#parts.clock.nowUs()): Promise<InferResponse> {
    const { batcher, clock, source, instances, recorder } = this.#parts;
    if (this.#stopped) {
      recorder.recordRefusal('stopped');
      return Promise.reject(stoppedError(request));
    }
    if (request.cancelled) return Promise.reject(cancelledError());
    const rows = source.spec.maxBatchSize > 0 ? Math.max(1, request.inputs[0]?.shape[0] ?? 1) : 1;
    const enqueuedUs = clock.nowUs();
    request.trace?.stamp('QUEUE_START', enqueuedUs);
    const entry = new Entry(request, { rows, startUs, enqueuedUs });
    batcher.admit(entry);
    const leftUs = entry.uselessUs - enqueuedUs;
    if (this.#expectedWait.hopeless(leftUs, batcher.runsBefore(entry), instances.aliveCount)) {
      const late = entry.uselessUs === request.deadlineUs;
      recorder.recordRefusal('late');
      this.#answers.refuse(entry, 'rejected', late ? lateError() : expiredError());
    } else if (batcher.offer(entry)) {
      this.#answers.accept(entry);
      this.#counts.arrived(this.inFlightCount);
      entry.owner = this;
      request.holder = entry;
      this.#pumpSoon(entry);
    } else {
      recorder.recordRefusal('queue_full');
      entry.reject(fullError(request));
    }
    return entry.answer;
  }

  /** A caller gave up: if the request still waits it leaves. */
  entryCancelled(entry: Entry): void {
    if (!this.#parts.batcher.remove(entry)) return;
    this.#answers.refuse(entry, 'canceled', cancelledError());
    if (this.#parts.batcher.size === 0) this.#wakeAt(Infinity);
    this.#settle();
  }

  /** Takes no more requests; resolves when those that wait or run have been answered. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.inFlightCount === 0) return;
    const drained = new Promise<void>((resolve) => this.#drained.push(resolve));
    this.hurry();
    await drained;
  }

  /** From here on nothing waits for company; requests are still taken. */
  hurry(): void {
    this.#parts.batcher.hurry();
    this.pump();
  }

  /** Gives work to idle instances. To be called when an instance becomes idle by a way not seen here. */
  pump(): void {
    const { batcher, instances, clock } = this.#parts;
    const nowUs = clock.nowUs();
    this.#refuseExpired(nowUs);
    let dueUs = batcher.nextDeadlineUs;
    while (batcher.size > 0) {
      const most = this.#handOver.mostRuns(batcher.size, instances.idleCount);
      const instance = instances.takeIdle();
      if (instance === undefined) break;
      const pull = batcher.pull(nowUs, most);
      if (pull.kind === 'runs') {
        this.#counts.pulled(pull);
        this.#handOver.begin(instance, pull.runs, nowUs);
        dueUs = batcher.nextDeadlineUs;
        continue;
      }
      instances.giveBack(instance);
      if (pull.kind === 'wait') dueUs = Math.min(dueUs, pull.untilUs);
      break;
    }
    this.#wakeAt(dueUs);
  }

  /** Fails everything that waits: there is nobody to run it, nor soon will be. */
  failWaiting(error: InferenceError): void {
    for (const entry of this.#parts.batcher.drain()) this.#answers.refuse(entry, 'other', error);
    this.#wakeAt(Infinity);
    this.#settle();
  }

  /** Requests that arrive in one turn of the event loop meet before an instance is asked to take them. */
  #pumpSoon({ deadlineUs }: Entry): void {
    const { instances, clock } = this.#parts;
    if (this.#pumpsSoon) return;
    if (instances.idleCount === 0) {
      if (deadlineUs < this.#dueUs) this.#wakeAt(deadlineUs);
      return;
    }
    this.#pumpsSoon = true;
    clock.endOfTurn(() => {
      this.#pumpsSoon = false;
      this.pump();
    });
  }

  #wakeAt(dueUs: number): void {
    if (dueUs === this.#dueUs) return;
    const { clock } = this.#parts;
    this.#dropDue?.();
    this.#dropDue = undefined;
    this.#dueUs = dueUs;
    if (dueUs === Infinity) return;
    this.#dropDue = clock.afterUs(Math.max(0, dueUs - clock.nowUs()), () => {
      this.#dueUs = Infinity;
      this.#dropDue = undefined;
      this.pump();
    });
  }

  #refuseExpired(nowUs: number): void {
    for (const entry of this.#parts.batcher.expire(nowUs)) {
      this.#parts.recorder.recordRefusal('timeout');
      this.#answers.refuse(entry, 'rejected', expiredError());
    }
    this.#settle();
  }

  #settle(): void {
    if (!this.#stopped || this.inFlightCount > 0) return;
    for (const resolve of this.#drained) resolve();
    this.#drained = [];
  }
}
