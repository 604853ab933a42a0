import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { InferRequest } from '../../src/inference/request.js';
import { BatchQueue } from '../../src/scheduling/batch-queue.js';
import { Entry } from '../../src/scheduling/entry.js';

function newEntry(rows = 1): Entry {
  return new Entry(new InferRequest('', []), { rows, startUs: 0, enqueuedUs: 0 });
}

interface Model {
  /** What the queue must hold, first one first. */
  queued: Entry[];
  /** All entries that ever were, in the queue or not. */
  readonly all: Entry[];
}

type Command = fc.Command<Model, BatchQueue>;

function agree({ queued, all }: Model, queue: BatchQueue): void {
  assert.equal(queue.size, queued.length);
  assert.equal(queue.first, queued[0]);
  assert.equal(
    queue.rows,
    queued.reduce((rows, entry) => rows + entry.rows, 0),
  );
  for (const [at, entry] of queued.entries()) {
    assert.equal(entry.previous, queued[at - 1]);
    assert.equal(entry.next, queued[at + 1]);
  }
  for (const entry of all) assert.equal(entry.queued, queued.includes(entry));
}

class Push implements Command {
  readonly rows: number;
  constructor(rows: number) {
    this.rows = rows;
  }
  check(): boolean {
    return true;
  }
  run(model: Model, queue: BatchQueue): void {
    const entry = newEntry(this.rows);
    queue.push(entry);
    model.queued.push(entry);
    model.all.push(entry);
    agree(model, queue);
  }
  toString(): string {
    return `push ${this.rows}`;
  }
}

class PushAgain implements Command {
  readonly which: number;
  constructor(which: number) {
    this.which = which;
  }
  check({ all }: Readonly<Model>): boolean {
    return all.length > 0;
  }
  run(model: Model, queue: BatchQueue): void {
    const entry = model.all[this.which % model.all.length]!;
    if (model.queued.includes(entry)) {
      assert.throws(() => queue.push(entry), /This is a bug\./);
    } else {
      queue.push(entry);
      model.queued.push(entry);
    }
    agree(model, queue);
  }
  toString(): string {
    return `push again ${this.which}`;
  }
}

class Shift implements Command {
  check(): boolean {
    return true;
  }
  run(model: Model, queue: BatchQueue): void {
    assert.equal(queue.shift(), model.queued.shift());
    agree(model, queue);
  }
  toString(): string {
    return 'shift';
  }
}

class Remove implements Command {
  readonly which: number;
  constructor(which: number) {
    this.which = which;
  }
  check({ all }: Readonly<Model>): boolean {
    return all.length > 0;
  }
  run(model: Model, queue: BatchQueue): void {
    const entry = model.all[this.which % model.all.length]!;
    assert.equal(queue.remove(entry), model.queued.includes(entry));
    model.queued = model.queued.filter((other) => other !== entry);
    agree(model, queue);
  }
  toString(): string {
    return `remove ${this.which}`;
  }
}

test('a queue keeps its order, also when entries leave from its middle and come back, and loses none', () => {
  const commands = fc.commands(
    [
      fc.integer({ min: 1, max: 9 }).map((rows) => new Push(rows)),
      fc.constant(new Shift()),
      fc.nat(99).map((which) => new Remove(which)),
      fc.nat(99).map((which) => new PushAgain(which)),
    ],
    { maxCommands: 60, size: 'max' },
  );
  fc.assert(
    fc.property(commands, (steps) => {
      fc.modelRun(() => ({ model: { queued: [], all: [] }, real: new BatchQueue() }), steps);
    }),
  );
});

test('entries leave in the order in which they came', () => {
  const queue = new BatchQueue();
  const entries = [newEntry(), newEntry(), newEntry()];
  for (const entry of entries) queue.push(entry);
  queue.remove(entries[1]!);
  assert.deepEqual([queue.shift(), queue.shift(), queue.shift()], [entries[0], entries[2], undefined]);
});
