import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  drive,
  mergeParallel,
  mergeSerial,
  type Caller,
  type Limit,
  type Watch,
} from '../../src/loadtest/load.js';
import { toFigures } from '../../src/loadtest/report.js';

/** Ends each call when the test's loop gets to it, a given time later by its own clock. */
class FakeServer implements Caller, Watch {
  readonly #waiting: (() => void)[] = [];
  readonly #callUs: number;
  readonly #failure: (call: number) => string | undefined;
  #nowUs = 0;
  callCount = 0;
  openMax = 0;

  constructor(callUs: number, failure: (call: number) => string | undefined = () => undefined) {
    this.#callUs = callUs;
    this.#failure = failure;
  }

  nowUs(): number {
    return this.#nowUs;
  }

  call(done: (failure: string | undefined) => void): void {
    const failure = this.#failure(this.callCount++);
    this.#waiting.push(() => done(failure));
    this.openMax = Math.max(this.openMax, this.#waiting.length);
  }

  serve(): void {
    for (let end = this.#waiting.shift(); end !== undefined; end = this.#waiting.shift()) {
      this.#nowUs += this.#callUs;
      end();
    }
  }
}

async function driven(server: FakeServer, concurrency: number, limit: Limit) {
  const result = drive([server], { concurrency, limit }, server);
  server.serve();
  return result;
}

test('as many calls are open as the concurrency says, and no more', async () => {
  const server = new FakeServer(10);
  await driven(server, 7, { kind: 'count', count: 100 });
  assert.equal(server.openMax, 7);
});

test('a count is met exactly', async () => {
  const server = new FakeServer(10);
  const result = await driven(server, 8, { kind: 'count', count: 101 });
  assert.deepEqual([server.callCount, result.answeredCount, result.failedCount], [101, 101, 0]);
});

test('after the duration no call starts, and those that are open are waited for', async () => {
  const server = new FakeServer(1000);
  const result = await driven(server, 4, { kind: 'duration', ms: 10 });
  assert.equal(result.answeredCount, 13);
  assert.equal(result.elapsedMs, 13);
});

test('a failed call is counted by its reason, leaves no latency and does not stop the loop', async () => {
  const server = new FakeServer(10, (call) => (call % 2 === 0 ? 'no' : undefined));
  const result = await driven(server, 2, { kind: 'count', count: 10 });
  assert.deepEqual([result.answeredCount, result.failedCount], [5, 5]);
  assert.deepEqual([...result.failures], [['no', 5]]);
});

test('only the first kinds of failures are kept apart', async () => {
  const server = new FakeServer(10, (call) => `number ${call}`);
  const result = await driven(server, 1, { kind: 'count', count: 50 });
  assert.deepEqual([result.failedCount, result.failures.size], [50, 20]);
});

test('a load of no lanes ends at once', async () => {
  const result = await driven(new FakeServer(10), 0, { kind: 'count', count: 10 });
  assert.deepEqual([result.answeredCount, result.elapsedMs], [0, 0]);
});

test('rates of parallel loads add up, those of serial loads average', async () => {
  const one = await driven(new FakeServer(1000), 1, { kind: 'count', count: 10 });
  const other = await driven(new FakeServer(1000), 1, { kind: 'count', count: 10 });
  assert.equal(Math.round(toFigures(mergeParallel([one, other])).requestsPerSecond), 2000);
  assert.equal(Math.round(toFigures(mergeSerial([one, other])).requestsPerSecond), 1000);
});
