import assert from 'node:assert/strict';
import type { Server } from 'node:net';
import { errorCode, frameType, preface } from '../../src/http2/frames.js';
import { eventually, turns } from '../support/eventually.js';
import { dataFrame, headersFrame, type FrameLog } from '../support/http2-peer.js';
import { mutated, split } from '../support/http2-mutations.js';
import { SessionMaker, type SessionWorld } from '../support/http2-sessions.js';
import { openMemoryClient, type MemoryClient } from '../support/memory-client.js';
import { Random } from '../support/random.js';
import { framed } from '../support/raw-http2.js';

/** A server under fuzz. */
export interface FuzzTarget extends SessionWorld {
  readonly name: string;
  readonly listener: Server;
  /** What is open and must not be: calls, streams, bytes that wait. */
  leftovers(): Record<string, number>;
}

export interface FuzzRun {
  readonly seed: number;
  /** The number of the first sequence: any one can be had again by itself. */
  readonly from: number;
  readonly count: number;
  readonly onProgress?: (done: number) => void;
}

/** How many sequences ended how. */
export interface FuzzCounts {
  served: number;
  /** The connection ended without a GOAWAY, after one of the peer's. */
  left: number;
  /** By the code of the GOAWAY. */
  readonly broken: Record<number, number>;
}

const batchSize = 64;
const goodId = 2 ** 31 - 1;
const goodPath = '/test.TestService/Unary';
const goodFields = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', goodPath],
  ['te', 'trailers'],
  ['content-type', 'application/grpc'],
] as const;

/** A call that breaks no rule, whatever came before it between two frames. */
function goodCall(streamId: number): Buffer {
  const message = framed(Buffer.from('good'));
  return Buffer.concat([headersFrame(streamId, false, goodFields), dataFrame(streamId, message, true)]);
}

const lastCall = goodCall(goodId);

/** Ends any frame that has begun, and is no frame itself. */
const filler = Buffer.alloc(16_384 + 9 + 9);

/** What a mistake of the peer's may be called. */
const properCodes: ReadonlySet<number> = new Set([
  errorCode.protocolError,
  errorCode.flowControlError,
  errorCode.streamClosed,
  errorCode.frameSizeError,
  errorCode.compressionError,
  errorCode.enhanceYourCalm,
]);

interface Sequence {
  readonly number: number;
  readonly reads: Buffer[];
  readonly client: MemoryClient;
}

function sequenceReads(world: SessionWorld, seed: number, number: number): Buffer[] {
  const random = new Random(seed, number);
  const frames = new SessionMaker(random, world).make();
  const donor = new SessionMaker(random, world).make();
  return split(random, mutated(random, frames, donor));
}

/** Sends mutated sessions, a batch at a time, and holds the server to its promises. */
export async function fuzz(targets: readonly FuzzTarget[], run: FuzzRun): Promise<FuzzCounts> {
  const counts: FuzzCounts = { served: 0, left: 0, broken: {} };
  const witnesses = targets.map((target) => new Witness(target));
  const end = run.from + run.count;
  for (let number = run.from; number < end; number += batchSize) {
    const batch: Sequence[] = [];
    for (let own = number; own < Math.min(end, number + batchSize); own++) {
      const target = targets[own % targets.length]!;
      const reads = sequenceReads(target, run.seed, own);
      batch.push({ number: own, reads, client: openMemoryClient(target.listener, own % 8 === 0) });
    }
    await turns(1);
    await runBatch(batch, counts, run.seed);
    await Promise.all(witnesses.map((witness) => witness.ask()));
    run.onProgress?.(number + batch.length - run.from);
  }
  for (const witness of witnesses) witness.leave();
  for (const target of targets) {
    const none = (): boolean => Object.values(target.leftovers()).every((value) => value === 0);
    await eventually(none, `${target.name} has nothing left: ${JSON.stringify(target.leftovers())}`);
  }
  return counts;
}

async function runBatch(batch: readonly Sequence[], counts: FuzzCounts, seed: number): Promise<void> {
  for (const { reads, client } of batch) {
    for (const bytes of reads.slice(0, reads.length >> 1)) client.push(bytes);
  }
  await turns(1);
  for (const { reads, client } of batch) {
    for (const bytes of reads.slice(reads.length >> 1)) client.push(bytes);
    client.push(lastCall);
  }
  const waiting = await unsettled(batch);
  for (const { client } of waiting) client.push(filler);
  const [hanging] = await unsettled(waiting);
  if (hanging !== undefined) {
    throw new Error(`sequence ${hanging.number} of seed ${seed} hangs: ${told(hanging.client.log)}`);
  }
  for (const sequence of batch) {
    count(sequence, counts, seed);
    sequence.client.destroy();
  }
}

/** Those that, after some turns of the loop, have neither served nor ended. */
async function unsettled(batch: readonly Sequence[]): Promise<Sequence[]> {
  let waiting = batch.slice();
  for (let left = 20; left > 0 && waiting.length > 0; left--) {
    await turns(1);
    waiting = waiting.filter(({ client }) => !client.closed && !served(client.log));
  }
  return waiting;
}

function served(log: FrameLog): boolean {
  return log.of(frameType.headers, goodId).length > 0;
}

function count({ number, client, reads }: Sequence, counts: FuzzCounts, seed: number): void {
  const what = `sequence ${number} of seed ${seed}`;
  const { log } = client;
  const [goAway, ...more] = log.goAways;
  assert.equal(more.length, 0, `${what}: one last word`);
  if (goAway !== undefined) {
    assert.ok(properCodes.has(goAway.code), `${what}: ${told(log)}`);
    counts.broken[goAway.code] = (counts.broken[goAway.code] ?? 0) + 1;
  } else if (client.closed) {
    assert.ok(hasGoAway(Buffer.concat(reads)), `${what}: closed without a word`);
    counts.left++;
  } else {
    counts.served++;
  }
}

/** Whether the peer itself may have said that it leaves. */
function hasGoAway(bytes: Buffer): boolean {
  let at = preface.byteLength;
  while (at + 9 <= bytes.byteLength) {
    if (bytes[at + 3] === frameType.goAway) return true;
    at += 9 + bytes.readUIntBE(at, 3);
  }
  return false;
}

function told(log: FrameLog): string {
  const frames = log.frames.map(({ type, streamId }) => `${type} on ${streamId}`).join(', ');
  return `${JSON.stringify(log.goAways)} after ${frames}`;
}

/** A connection beside all others, which must not notice them. */
class Witness {
  readonly #name: string;
  readonly #listener: Server;
  #client: MemoryClient;
  #streamId = -1;

  constructor({ name, listener }: FuzzTarget) {
    this.#name = name;
    this.#listener = listener;
    this.#client = this.#open();
  }

  /** One good call; the log of a long life is begun anew now and then. */
  async ask(): Promise<void> {
    const streamId = (this.#streamId += 2);
    const { log } = this.#client;
    const before = log.frames.length;
    this.#client.push(goodCall(streamId));
    const answered = (): boolean => log.answer(streamId).ended;
    await eventually(answered, `the other connection of ${this.#name} is served`);
    assert.ok(log.answer(streamId).body.includes('good'));
    log.frames.splice(0, before);
    assert.ok(!this.#client.closed);
    // Before its window, which nobody opens again, is used up.
    if (streamId > 8000) this.#renew();
  }

  leave(): void {
    this.#client.destroy();
  }

  #renew(): void {
    this.#client.destroy();
    this.#client = this.#open();
    this.#streamId = -1;
  }

  #open(): MemoryClient {
    const client = openMemoryClient(this.#listener);
    setImmediate(() => client.push(Buffer.concat([preface, Buffer.from('000000040000000000', 'hex')])));
    return client;
  }
}
