import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { InferenceError } from '../../src/inference/error.js';
import type { InferRequest } from '../../src/inference/request.js';
import type { Run } from '../../src/instances/messages.js';
import { batchingSpecs } from '../support/batching-scripts.js';
import {
  buildBatching,
  numbersOf,
  samplesOf,
  settled,
  takeNumbers,
  type BatchingHouse,
} from '../support/scheduler.js';
import { newTally, type Tally } from '../support/tally.js';

type Step =
  | {
      readonly kind: 'arrive';
      readonly rows: number;
      readonly dim: number;
      readonly priority: number;
      readonly timeoutUs: number;
      readonly bad: boolean;
    }
  | { readonly kind: 'cancel' | 'finish' | 'lose' | 'recover'; readonly which: number }
  | { readonly kind: 'wait'; readonly us: number }
  | { readonly kind: 'give up' | 'turn' };

const rarely = (values: fc.Arbitrary<number>): fc.Arbitrary<number> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, values);

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('arrive'),
        rows: rarely(fc.integer({ min: 1, max: 8 })),
        dim: rarely(fc.constant(2)),
        priority: fc.nat(4),
        timeoutUs: fc.nat(12),
        bad: fc.integer({ min: 0, max: 7 }).map((number) => number === 0),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constantFrom('finish', 'finish', 'cancel'), which: fc.nat(40) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('lose', 'recover'), which: fc.nat(2) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait'), us: fc.nat(10) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('turn', 'turn', 'give up') }) },
  ),
  { maxLength: 70, size: 'max' },
);

/** Rules under which answers may leave in order: no levels, nobody steps back. */
const setups = fc
  .record({
    spec: batchingSpecs,
    ordered: fc.boolean(),
    count: fc.integer({ min: 1, max: 3 }),
    heldBack: fc.constantFrom(0, 0, 0, 3),
    shortTurns: fc.boolean(),
    runUs: fc.constantFrom(10, 1_000_000),
  })
  .map((setup) => {
    if (!setup.ordered) return setup;
    const defaultPolicy = { ...setup.spec.defaultPolicy, action: 'reject' as const };
    return { ...setup, spec: { ...setup.spec, levelCount: 0, defaultPolicy, policies: new Map() } };
  });

interface Sent {
  readonly number: number;
  readonly request: InferRequest;
  readonly bad: boolean;
  readonly outcomes: string[];
}

/** A house, all that was sent to it, and what became of that. */
class Play {
  readonly house: BatchingHouse;
  readonly tally: Tally;
  readonly sent: Sent[] = [];
  /** Of those that ran, in the order in which their callers had their answers. */
  readonly answered: number[] = [];
  /** Slots that were made and are not lost with an instance. */
  readonly slots = new Set<ArrayBufferLike>();
  readonly #batchSizeMax: number;
  readonly #delayUs: number;

  constructor(setup: typeof setups extends fc.Arbitrary<infer T> ? T : never) {
    this.tally = newTally();
    this.house = buildBatching({ ...setup, recorder: this.tally });
    this.#batchSizeMax = setup.spec.batchSizeMax;
    this.#delayUs = setup.heldBack > 0 ? Infinity : setup.spec.delayUs;
    for (const instance of this.house.instances) instance.runUs = setup.runUs;
  }

  async take(step: Step): Promise<void> {
    const { scheduler, instances, clock } = this.house;
    this.#note();
    if (step.kind === 'arrive') this.#send(step);
    else if (step.kind === 'cancel') this.sent[step.which % Math.max(1, this.sent.length)]?.request.cancel();
    else if (step.kind === 'finish') this.finish(step.which);
    else if (step.kind === 'lose') this.#lose(step.which);
    else if (step.kind === 'recover') this.house.recover(instances[step.which % instances.length]!);
    else if (step.kind === 'wait') await this.#wait(step.us);
    else if (step.kind === 'turn') await this.turn();
    else if (this.house.aliveCount() === 0)
      scheduler.failWaiting(new InferenceError('unavailable', 'nobody'));
    assert.ok(clock.waitsMs.length <= 1, 'it has one timer');
  }

  #send(wishes: Extract<Step, { kind: 'arrive' }>): void {
    const number = this.sent.length;
    const rows = Math.min(wishes.rows, this.#batchSizeMax);
    const { dim } = wishes;
    const request = samplesOf(number, { rows, dim });
    request.priority = BigInt(wishes.priority);
    request.timeoutUs = BigInt(wishes.timeoutUs);
    const outcomes: string[] = [];
    this.sent.push({ number, request, bad: wishes.bad, outcomes });
    this.house.scheduler.infer(request).then(
      (response) => {
        const numbers = takeNumbers(response);
        const own = numbers.length === rows * dim && numbers.every((other) => other === number);
        outcomes.push(own ? 'success' : 'foreign');
        this.answered.push(number);
      },
      ({ code, message, executed }: InferenceError) => {
        outcomes.push(`${executed ? 'ran' : 'waited'}: ${code} ${message}`);
        if (executed) this.answered.push(number);
      },
    );
  }

  /** The model fails on every run that has a bad request in it. */
  finish(which: number): void {
    const { instances } = this.house;
    const instance = instances[which % instances.length]!;
    if (instance.held === undefined) return;
    instance.finish((run) => this.#isBad(run));
  }

  #isBad(run: Run): boolean {
    return numbersOf(run).some((number) => this.sent[number]!.bad);
  }

  #lose(which: number): void {
    const instance = this.house.instances[which % this.house.instances.length]!;
    for (const { slot } of instance.held?.runs ?? []) this.slots.delete(slot);
    this.house.lose(instance);
  }

  /** Ends the turn of the event loop; then nothing may stand still that could go on. */
  async turn(): Promise<void> {
    const { clock, batcher, idle } = this.house;
    clock.turn();
    await settled();
    clock.turn();
    if (batcher.size === 0) return;
    assert.ok(batcher.nextDeadlineUs > clock.nowUs(), 'nobody waits longer than it may');
    if (idle.length === 0 || this.#delayUs === Infinity) return;
    const [dueMs] = clock.waitsMs;
    assert.ok(dueMs !== undefined && dueMs * 1000 <= this.#delayUs, 'it waits for company, not for ever');
  }

  async #wait(us: number): Promise<void> {
    await this.turn();
    this.house.clock.advanceUs(us);
    await this.turn();
  }

  /** What the instances hold: to be called before anything of that ends. */
  #note(): void {
    for (const { held } of this.house.instances) {
      for (const run of held?.runs ?? []) {
        this.slots.add(run.slot);
        assert.ok(run.batchSize <= this.#batchSizeMax);
      }
    }
  }

  async end(): Promise<void> {
    const { scheduler, instances } = this.house;
    const stopping = scheduler.stop();
    for (const instance of instances) this.house.recover(instance);
    while (scheduler.inFlightCount > 0) {
      this.#note();
      for (const which of instances.keys()) this.finish(which);
      await this.turn();
    }
    await stopping;
    await this.turn();
  }
}

/** What a recorder must have heard of a request with this outcome; nothing of one that was not let in. */
const recorded: Readonly<Record<string, string | undefined>> = {
  success: 'success',
  'ran: cancelled ': 'success',
  'ran: internal bad': 'backend',
  'ran: unavailable gone': 'backend',
  'waited: cancelled ': 'canceled',
  'waited: unavailable Request timeout expired': 'rejected',
  'waited: unavailable nobody': 'other',
  'waited: unavailable [request id: <id_unknown>] Exceeds maximum queue size': undefined,
};

function judge({ house, tally, sent, answered, slots }: Play, ordered: boolean): void {
  const expected: Record<string, number> = {};
  for (const { outcomes, bad, request } of sent) {
    const [outcome = ''] = outcomes;
    assert.equal(outcomes.length, 1);
    assert.ok(outcome in recorded, outcome);
    const how = recorded[outcome];
    if (how !== undefined) expected[how] = (expected[how] ?? 0) + 1;
    if (outcome === 'ran: internal bad') assert.ok(bad, 'only a bad one fails');
    if (outcome === 'success') assert.ok(!bad);
    if (outcome.includes('cancelled')) assert.ok(request.cancelled);
  }
  assert.deepEqual(tally.counts, expected);
  assert.equal(
    tally.runs.reduce((rows, runRows) => rows + runRows, 0),
    tally.successRows,
  );
  assert.equal(house.scheduler.inFlightCount, 0);
  assert.equal(new Set(house.idle).size, house.instances.length);
  assert.equal(house.idle.length, house.instances.length);
  assert.equal(house.keptSlots(), slots.size);
  assert.deepEqual(house.clock.waitsMs, []);
  if (ordered)
    assert.deepEqual(
      answered,
      answered.toSorted((a, b) => a - b),
    );
}

test('whatever arrives, is given up, fails, is late or lost: each request ends once, as its own and recorded so', async () => {
  await fc.assert(
    fc.asyncProperty(steps, setups, async (script, setup) => {
      const play = new Play(setup);
      for (const step of script) await play.take(step);
      await play.end();
      judge(play, setup.ordered);
    }),
    { numRuns: 300 },
  );
});
