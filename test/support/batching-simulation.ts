import type { Delay } from '../../src/scheduling/delay.js';
import { EventQueue, type Timed } from './event-queue.js';
import { Random } from './random.js';

/** Who sends requests of one row each. */
export type Load =
  /** Each client sends again when it has its answer, after `returnUs` and an exponential jitter. */
  | {
      readonly kind: 'closed';
      readonly clients: number;
      readonly returnUs: number;
      readonly jitterUs: number;
    }
  | { readonly kind: 'poisson'; readonly perSec: number }
  /** `size` requests within `spreadUs`, and again after `everyUs`. */
  | { readonly kind: 'bursts'; readonly size: number; readonly spreadUs: number; readonly everyUs: number };

/** A run of n rows takes fixedUs + n * rowUs, give or take `noise` of it. */
export interface Model {
  readonly fixedUs: number;
  readonly rowUs: number;
  readonly noise: number;
  /** One run in so many takes 5 ms more, as when the thread is not let run; none if absent. */
  readonly stallOneIn?: number;
  readonly instances: number;
  readonly batchMax: number;
}

export interface Scenario {
  readonly seed: number;
  readonly model: Model;
  /** What the event loop spends on each message that comes or goes. */
  readonly loopUs: number;
  /** The loads, one after another, each for so many requests. */
  readonly phases: readonly { readonly load: Load; readonly requests: number }[];
}

/** What one load came to, without the first part of its requests. */
export interface PhaseResult {
  readonly meanUs: number;
  readonly p99Us: number;
  readonly perSec: number;
  readonly meanRows: number;
  /** Batches that were held for company, of all that an idle instance could have taken at once. */
  readonly holds: number;
  readonly heldUs: number;
}

interface Waiting {
  readonly offeredUs: number;
  readonly phase: number;
  readonly number: number;
}

type Happening =
  | { readonly kind: 'arrival'; readonly phase: number; readonly again: () => void }
  | { readonly kind: 'end'; readonly batch: readonly Request[]; readonly startUs: number }
  | { readonly kind: 'wake' };

interface Event extends Timed {
  readonly what: Happening;
}

interface Request extends Waiting {
  readonly again: () => void;
}

/** The share of a phase's requests that is left out of its figures. */
const warmUpShare = 0.2;

class Tally {
  readonly latencies: number[] = [];
  firstUs = Infinity;
  lastUs = 0;
  batches = 0;
  rows = 0;
  holds = 0;
  heldUs = 0;

  result(): PhaseResult {
    const sorted = this.latencies.sort((a, b) => a - b);
    const sum = sorted.reduce((total, each) => total + each, 0);
    return {
      meanUs: sum / sorted.length,
      p99Us: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
      perSec: (sorted.length * 1e6) / (this.lastUs - this.firstUs),
      meanRows: this.rows / this.batches,
      holds: this.holds,
      heldUs: this.heldUs,
    };
  }
}

/** Plays a scenario in simulated time. The same scenario and policy give the same result everywhere. */
export class BatchingSimulation {
  readonly #scenario: Scenario;
  readonly #policy: Delay;
  readonly #random: Random;
  readonly #tallies: Tally[];
  readonly #events = new EventQueue<Event>();
  #order = 0;
  #nowUs = 0;
  #loopFreeUs = 0;
  #waiting: Request[] = [];
  #running = 0;
  #busy = 0;
  #phase = -1;
  #arrivals = 0;
  #heldSinceUs: number | undefined;
  #wakeUs: number | undefined;

  constructor(scenario: Scenario, policy: Delay) {
    this.#scenario = scenario;
    this.#policy = policy;
    this.#random = new Random(scenario.seed);
    this.#tallies = scenario.phases.map(() => new Tally());
  }

  run(): PhaseResult[] {
    this.#nextPhase();
    for (;;) {
      const event = this.#events.pop();
      if (event === undefined) break;
      if (event.atUs < this.#loopFreeUs) {
        event.atUs = this.#loopFreeUs;
        this.#events.push(event);
        continue;
      }
      this.#nowUs = event.atUs;
      this.#happen(event.what);
      const next = this.#events.first;
      // The batch is decided at the end of a turn of the event loop, when all that came in it is there.
      if (next === undefined || next.atUs > this.#loopFreeUs) this.#pump();
    }
    return this.#tallies.map((tally) => tally.result());
  }

  #happen(what: Happening): void {
    const { loopUs } = this.#scenario;
    if (what.kind === 'arrival') {
      if (what.phase !== this.#phase) return;
      this.#loopFreeUs = this.#nowUs + loopUs;
      this.#arrive(what.again);
    } else if (what.kind === 'end') this.#end(what.batch, what.startUs);
    else this.#wakeUs = undefined;
  }

  #arrive(again: () => void): void {
    const phase = this.#scenario.phases[this.#phase]!;
    const number = this.#arrivals++;
    this.#waiting.push({ offeredUs: this.#nowUs, phase: this.#phase, number, again });
    this.#policy.arrived(this.#nowUs, 1, this.#waiting.length + this.#running);
    if (phase.load.kind !== 'closed') again();
    if (this.#arrivals >= phase.requests) this.#nextPhase();
  }

  #end(batch: readonly Request[], startUs: number): void {
    this.#busy--;
    this.#running -= batch.length;
    const inSystem = this.#waiting.length + this.#running;
    this.#policy.ran(this.#nowUs, { rows: batch.length, tookUs: this.#nowUs - startUs, inSystem });
    // The idle instance gets its next batch before anything else.
    this.#pump();
    let atUs = Math.max(this.#nowUs, this.#loopFreeUs);
    for (const request of batch) {
      atUs += this.#scenario.loopUs;
      const latencyUs = atUs - request.offeredUs;
      this.#policy.answered(latencyUs);
      this.#count(request, latencyUs, atUs);
      this.#loopFreeUs = atUs;
      if (this.#isClosed(request.phase)) request.again();
    }
  }

  #count(request: Request, latencyUs: number, atUs: number): void {
    const phase = this.#scenario.phases[request.phase]!;
    if (request.number < phase.requests * warmUpShare) return;
    const tally = this.#tallies[request.phase]!;
    tally.latencies.push(latencyUs);
    tally.firstUs = Math.min(tally.firstUs, request.offeredUs);
    tally.lastUs = Math.max(tally.lastUs, atUs);
  }

  #pump(): void {
    const { instances } = this.#scenario.model;
    while (this.#busy < instances && this.#waiting.length > 0) {
      const oldest = this.#waiting[0]!;
      const most = this.#policy.batchSizeMax;
      if (this.#waiting.length < most && this.#isHeld(oldest)) return;
      this.#handOver(this.#waiting.splice(0, most));
    }
  }

  #isHeld(oldest: Request): boolean {
    const untilUs = this.#policy.holdUntilUs(this.#nowUs, this.#waiting.length, oldest.offeredUs);
    if (untilUs <= this.#nowUs) return false;
    this.#heldSinceUs ??= this.#nowUs;
    if (this.#wakeUs !== untilUs) {
      this.#wakeUs = untilUs;
      this.#events.push({ atUs: untilUs, order: this.#order++, what: { kind: 'wake' } });
    }
    return true;
  }

  #handOver(batch: readonly Request[]): void {
    const { fixedUs, rowUs, noise, stallOneIn } = this.#scenario.model;
    const tally = this.#tallies[batch[0]!.phase]!;
    if (batch[0]!.number >= this.#scenario.phases[batch[0]!.phase]!.requests * warmUpShare) {
      tally.batches++;
      tally.rows += batch.length;
      if (this.#heldSinceUs !== undefined) tally.holds++;
      tally.heldUs += this.#nowUs - (this.#heldSinceUs ?? this.#nowUs);
    }
    this.#heldSinceUs = undefined;
    this.#busy++;
    this.#running += batch.length;
    this.#policy.handedOver(this.#nowUs);
    const stalls = stallOneIn !== undefined && this.#random.below(stallOneIn) === 0;
    const ownUs = (fixedUs + batch.length * rowUs) * (1 + noise * (2 * this.#unit() - 1));
    const tookUs = ownUs + (stalls ? 5000 : 0);
    const what = { kind: 'end', batch, startUs: this.#nowUs } as const;
    this.#events.push({ atUs: this.#nowUs + tookUs, order: this.#order++, what });
  }

  #nextPhase(): void {
    this.#phase++;
    this.#arrivals = 0;
    const load = this.#scenario.phases[this.#phase]?.load;
    if (load === undefined) return;
    const phase = this.#phase;
    const send = (afterUs: number, again: () => void): void => {
      const atUs = Math.max(this.#nowUs, this.#loopFreeUs) + afterUs;
      this.#events.push({ atUs, order: this.#order++, what: { kind: 'arrival', phase, again } });
    };
    if (load.kind === 'closed') {
      const again = (): void => send(load.returnUs + this.#exponential(load.jitterUs), again);
      for (let client = 0; client < load.clients; client++) again();
    } else if (load.kind === 'poisson') {
      const again = (): void => send(this.#exponential(1e6 / load.perSec), again);
      again();
    } else {
      let inBurst = 0;
      const again = (): void => {
        const last = ++inBurst % load.size === 0;
        send(this.#exponential(last ? load.everyUs : load.spreadUs / load.size), again);
      };
      again();
    }
  }

  #isClosed(phase: number): boolean {
    return this.#scenario.phases[phase]!.load.kind === 'closed';
  }

  #exponential(meanUs: number): number {
    return -meanUs * Math.log(1 - this.#unit());
  }

  #unit(): number {
    return this.#random.below(2 ** 32) / 2 ** 32;
  }
}
