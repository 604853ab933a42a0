import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { expectOk, inferenceMethod, type AnyMessage, type Outcome } from '../support/client.js';
import type { QuickClient } from '../support/quick-client.js';
import type { Random } from '../support/random.js';
import { twinOf, type Question, type Subject } from './traffic.js';

/** What callers saw of one model. */
export interface Seen {
  answered: number;
  /** Calls that the server has accepted and failed. */
  failed: number;
  /** Calls that were refused at the door, which counts nowhere. */
  refused: number;
  /** Calls that were cancelled or too late, wherever they were by then. */
  givenUp: number;
}

export function nothingSeen(): Seen {
  return { answered: 0, failed: 0, refused: 0, givenUp: 0 };
}

const callsOfPhase = 20;
const modelsOfPhase = 3;

const method = inferenceMethod('ModelInfer');

/** The codes of gRPC are numbers here. */
const codes: Readonly<Record<string, number>> = status as never;

/** One call after the other, each made up by chance, and each answer held against what it must be. */
export class Lane {
  readonly #client: QuickClient;
  readonly #random: Random;
  readonly #seen: ReadonlyMap<string, Seen>;

  constructor(client: QuickClient, random: Random, seen: ReadonlyMap<string, Seen>) {
    this.#client = client;
    this.#random = random;
    this.#seen = seen;
  }

  async drive(subjects: readonly Subject[], count: number): Promise<void> {
    for (let number = 0; number < count; number++) {
      // All clients turn to the same few models at about the same time, so that there is company.
      const first = Math.floor(number / callsOfPhase) * modelsOfPhase;
      const subject = subjects[(first + this.#random.below(modelsOfPhase)) % subjects.length]!;
      if (this.#random.chance(0.03)) await this.#callWrongly(subject);
      else await this.#call(subject);
    }
  }

  async #call(subject: Subject): Promise<void> {
    const question = subject.ask(this.#random);
    const seen = this.#of(subject.name);
    const giveUp =
      subject.givesUp && this.#random.chance(0.08) ? this.#random.pick(['cancel', 'deadline']) : '';
    const timeoutMs = giveUp === 'deadline' ? 1 + this.#random.below(20) : undefined;
    const call = this.#client.open(method.requestSerialize(question.message), timeoutMs);
    if (giveUp === 'cancel') {
      for (let turns = this.#random.below(6); turns > 0; turns--) await setImmediate();
      call.cancel();
    }
    const outcome = await call.outcome;
    if (outcome.kind === 'ok') {
      seen.answered++;
      await this.#check(subject, question, outcome.response);
    } else if (giveUp !== '' && [codes['CANCELLED'], codes['DEADLINE_EXCEEDED']].includes(outcome.code)) {
      seen.givenUp++;
    } else {
      this.#countFailure(subject, question, outcome);
    }
  }

  async #check(
    subject: Subject,
    { message, expected, fails }: Question,
    response: AnyMessage,
  ): Promise<void> {
    assert.notEqual(fails, true, `${subject.name} answered what must fail`);
    const given = outputsOf(response);
    if (expected !== undefined) {
      assert.deepEqual(given, expected, subject.name);
    } else if (subject.rounds === true) {
      const { name } = twinOf(subject);
      this.#of(name).answered++;
      const alone = await this.#infer({ ...message, model_name: name });
      assertNear(given, outputsOf(expectOk(alone)), subject.name);
    }
  }

  #countFailure(
    subject: Subject,
    { fails = false }: Question,
    { code, details }: Extract<Outcome, { kind: 'failed' }>,
  ): void {
    const seen = this.#of(subject.name);
    if (fails) {
      assert.deepEqual([code, /must be within/.test(details)], [codes['INTERNAL'], true], details);
      seen.failed++;
      return;
    }
    assert.equal(code, codes['UNAVAILABLE'], `${subject.name}: ${details}`);
    assert.match(details, subject.refusals ?? /^never$/);
    if (isExpired({ code, details })) seen.failed++;
    else seen.refused++;
  }

  /** A request with something wrong that can be told before it runs. */
  async #callWrongly(subject: Subject): Promise<void> {
    const { message } = subject.ask(this.#random);
    const wrong = this.#random.pick(mistakes)(message);
    const outcome = await this.#infer(wrong);
    assert.equal(
      outcome.kind === 'failed' && outcome.code,
      codes['INVALID_ARGUMENT'],
      `${subject.name} took ${JSON.stringify(wrong)}`,
    );
    this.#of(subject.name).refused++;
  }

  #infer(message: AnyMessage): Promise<Outcome> {
    return this.#client.open(method.requestSerialize(message)).outcome;
  }

  #of(name: string): Seen {
    return this.#seen.get(name)!;
  }
}

/** Its time in the queue was over, or would have been. */
function isExpired({ code, details }: { readonly code: number; readonly details: string }): boolean {
  return code === codes['UNAVAILABLE'] && details === 'Request timeout expired';
}

function outputsOf({ outputs, raw_output_contents: contents }: AnyMessage): Record<string, Buffer> {
  return Object.fromEntries(outputs.map(({ name }: AnyMessage, at: number) => [name, contents[at]]));
}

/** Equal but for the rounding of sums that are made in another order: 1e-5 of the largest number. */
function assertNear(given: Record<string, Buffer>, alone: Record<string, Buffer>, what: string): void {
  assert.deepEqual(Object.keys(given), Object.keys(alone), what);
  for (const [name, bytes] of Object.entries(given)) {
    const other = alone[name]!;
    assert.equal(bytes.byteLength, other.byteLength, what);
    let [largest, furthest] = [0, 0];
    for (let at = 0; at < bytes.byteLength; at += 4) {
      const [a, b] = [bytes.readFloatLE(at), other.readFloatLE(at)];
      largest = Math.max(largest, Math.abs(b));
      furthest = Math.max(furthest, Math.abs(a - b));
    }
    assert.ok(furthest <= 1e-5 * largest, `${what}: ${furthest} of ${largest}`);
  }
}

const oneByte = Buffer.alloc(1);

const mistakes: readonly ((message: AnyMessage) => AnyMessage)[] = [
  (message) => withInput(message, ({ shape }) => ({ shape: [...shape, 1] })),
  (message) => withInput(message, ({ shape }) => ({ shape: [17, ...shape.slice(1)] })),
  (message) => withInput(message, () => ({ datatype: 'BOOL' })),
  (message) => withInput(message, () => ({ name: 'OTHER' })),
  (message) => ({ ...message, outputs: [{ name: 'OTHER' }] }),
  (message) => ({
    ...message,
    raw_input_contents: message.raw_input_contents.map((bytes: Buffer) => Buffer.concat([bytes, oneByte])),
  }),
  (message) => ({ ...message, inputs: [], raw_input_contents: [] }),
];

function withInput(message: AnyMessage, edit: (input: AnyMessage) => AnyMessage): AnyMessage {
  const [first, ...others] = message.inputs;
  return { ...message, inputs: [{ ...first, ...edit(first) }, ...others] };
}
