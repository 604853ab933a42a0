import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { errorCode } from '../../src/http2/frames.js';
import { turns } from '../support/eventually.js';
import { grpcTarget, plainTarget, type OpenTarget } from './fuzz-targets.js';
import { fuzz } from './fuzzing.js';

const seed = 9113;
const count = 50_000;
const warmUpCount = 10_000;
const growthBytesMax = 8 * 1024 * 1024;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

async function heldBytes(): Promise<number> {
  // What ended last is let go of behind some turns of the loop.
  await turns(20);
  collect();
  await turns(20);
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe('mutated sessions', () => {
  let targets: OpenTarget[] = [];
  before(async () => void (targets = [await plainTarget(), await grpcTarget()]));
  after(() => targets.forEach((target) => target.close()));

  test('end in a served call or a proper GOAWAY, hold nothing back and disturb nobody', async () => {
    await fuzz(targets, { seed, from: 0, count: warmUpCount });
    const before = await heldBytes();
    const counts = await fuzz(targets, { seed, from: warmUpCount, count: count - warmUpCount });
    const growth = (await heldBytes()) - before;
    assert.ok(growth < growthBytesMax, `${growth} bytes more after ${count} sequences`);
    // The mutations are of use: many sessions go on after them, and many different rules are broken.
    assert.ok(counts.served > count / 10);
    for (const code of [errorCode.protocolError, errorCode.frameSizeError, errorCode.compressionError]) {
      assert.ok((counts.broken[code] ?? 0) > 100);
    }
  });
});
