import assert from 'node:assert/strict';
import type { Entry } from '../../src/scheduling/entry.js';
import { newBatcher, newEntry, type BatcherSetup } from './batches.js';

/** Something that happened at a time: a pull and what it gave, or a request that left without a run. */
export type Event = readonly [atUs: number, what: string];

interface Arrival {
  readonly entry: Entry;
  readonly atUs: number;
  /** It is given up at this time, not sent. */
  readonly gone: boolean;
}

const token = /^(-?)([a-z])(?:@(\d+))?(?:\*(\d+))?(?::(\d+))?(\+?)(>?)(?:!(\d+))?(?:~(\d+))?$/;

/**
 * Reads requests, each a letter and what it wishes, in this order: `@` its time, that of the one before if
 * left out, `*` its samples, `:` its shape, `+` the input that may be left out, `>` one of the outputs
 * only, `!` its priority, `~` its timeout. `-a@5` gives up a at 5.
 */
function readArrivals(script: string): Arrival[] {
  const arrivals: Arrival[] = [];
  let atUs = 0;
  for (const text of script.split(' ')) {
    const [, gone, id, at, rows, dim, extra, output, priority, timeout] =
      token.exec(text) ?? assert.fail(text);
    atUs = Number(at ?? atUs);
    const known = arrivals.find(({ entry }) => entry.request.id === id)?.entry;
    const entry = newEntry({
      id: id!,
      rows: Number(rows ?? 1),
      atUs,
      dim: Number(dim ?? 1),
      extra: extra === '+',
      priority: Number(priority ?? 0),
      timeoutUs: Number(timeout ?? 0),
      outputs: output === '>' ? [{ name: 'OUT', classificationCount: 0 }] : [],
    });
    arrivals.push({ entry: known ?? entry, atUs, gone: gone === '-' });
  }
  return arrivals;
}

/**
 * What a batcher makes of a script when an instance is free at these times; at one time requests arrive
 * before the instance asks. `ab full` is a batch and why it closed, `wait 5` and `empty` are the others.
 */
export function play(setup: BatcherSetup, script: string, pullsUs: readonly number[]): Event[] {
  const batcher = newBatcher(setup);
  const events: Event[] = [];
  const expireUntil = (nowUs: number): void => {
    while (batcher.nextDeadlineUs <= nowUs) {
      const atUs = batcher.nextDeadlineUs;
      for (const entry of batcher.expire(atUs)) events.push([atUs, `${entry.request.id} expired`]);
    }
  };
  const arrivals = readArrivals(script);
  const arriveUntil = (nowUs: number): void => {
    for (let next = arrivals[0]; next !== undefined && next.atUs <= nowUs; next = arrivals[0]) {
      const { entry, atUs, gone } = next;
      arrivals.shift();
      expireUntil(atUs);
      if (gone) {
        assert.ok(batcher.remove(entry));
      } else {
        batcher.admit(entry);
        if (!batcher.offer(entry)) events.push([atUs, `${entry.request.id} refused`]);
      }
    }
  };
  for (const nowUs of pullsUs) {
    arriveUntil(nowUs);
    expireUntil(nowUs);
    const pull = batcher.pull(nowUs);
    if (pull.kind === 'runs') {
      assert.equal(pull.runs.length, 1);
      const ids = pull.runs[0]!.map(({ request }) => request.id).join('');
      events.push([nowUs, `${ids} ${pull.closed}`]);
    } else {
      events.push([nowUs, pull.kind === 'wait' ? `wait ${pull.untilUs}` : 'empty']);
    }
  }
  return events;
}

/** The times of those events that are pulls. */
export function pullTimes(events: readonly Event[]): number[] {
  return events.filter(([, what]) => !/ (expired|refused)$/.test(what)).map(([atUs]) => atUs);
}
