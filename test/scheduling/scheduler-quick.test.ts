import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HandBack } from '../../src/instances/instance.js';
import type { Run } from '../../src/instances/messages.js';
import { build, requestOf, takeNumbers } from '../support/scheduler.js';

/** Runs are over as soon as they are begun. */
async function runAtOnce(runs: readonly Run[]): Promise<HandBack> {
  const results = runs.map(({ slot, inputs }) => {
    const { shape, offset, byteLength } = inputs[0]!;
    const data = new Uint8Array(slot, offset, byteLength);
    const outputs = [{ index: 0, datatype: 'INT32', shape, data } as const];
    return { kind: 'done', slot, outputs, inputEndUs: 0, inferEndUs: 0 } as const;
  });
  return { results, tookUs: runs.length };
}

test('an instance that answers at once may do so any number of times in a row: the stack does not grow', async () => {
  const { scheduler, instances } = build();
  let depth = 0;
  let deepest = 0;
  instances[0]!.run = (runs) => {
    deepest = Math.max(deepest, ++depth);
    const back = runAtOnce(runs);
    depth--;
    return back;
  };
  const numbers = Array.from({ length: 20_000 }, (_, at) => at);
  const answers = await Promise.all(numbers.map((number) => scheduler.infer(requestOf(number))));
  assert.deepEqual(
    answers.flatMap((answer) => takeNumbers(answer)),
    numbers,
  );
  assert.equal(deepest, 1);
});
