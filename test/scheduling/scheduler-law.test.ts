import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { InferenceError } from '../../src/inference/error.js';
import type { InferRequest } from '../../src/inference/request.js';
import type { InferResponse } from '../../src/inference/response.js';
import { build, requestOf, settled } from '../support/scheduler.js';

type Step = { readonly kind: 'arrive' | 'cancel' | 'finish' | 'fail' | 'turn'; readonly which: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('arrive', 'arrive', 'cancel', 'finish', 'fail', 'turn'),
    which: fc.nat(20),
  }),
  { maxLength: 60, size: 'max' },
);

function takeNumber(response: InferResponse): number | undefined {
  const { buffer, byteOffset } = response.outputs[0]!.data;
  const [number] = new Int32Array(buffer, byteOffset, 1);
  response.release();
  return number;
}

test('whatever arrives, ends and is cancelled, each request settles once with its own data and no slot is lost', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 3 }), fc.boolean(), async (script, count, short) => {
      const { scheduler, instances, idle, keptSlots } = build({ count });
      if (short) for (const instance of instances) instance.runUs = 10;
      const requests: InferRequest[] = [];
      const settlements: string[][] = [];
      const slots = new Set<ArrayBufferLike>();
      const note = (): void => {
        for (const { held } of instances) for (const { slot } of held?.runs ?? []) slots.add(slot);
      };
      for (const { kind, which } of script) {
        if (kind === 'arrive') {
          const number = requests.length;
          const request = requestOf(number);
          const outcome: string[] = [];
          requests.push(request);
          settlements.push(outcome);
          scheduler.infer(request).then(
            (response) => outcome.push(takeNumber(response) === number ? 'own' : 'foreign'),
            ({ code }: InferenceError) => outcome.push(code),
          );
        } else if (kind === 'cancel') {
          requests[which % Math.max(1, requests.length)]?.cancel();
        } else if (kind === 'turn') {
          await settled();
        } else {
          const instance = instances[which % count]!;
          if (instance.held === undefined) continue;
          if (kind === 'finish') instance.finish();
          else instance.fail(new InferenceError('internal', 'no'));
        }
        note();
      }
      const stopping = scheduler.stop();
      while (scheduler.inFlightCount > 0) {
        for (const instance of instances) if (instance.held !== undefined) instance.finish();
        await settled();
        note();
      }
      await stopping;
      for (const [number, outcome] of settlements.entries()) {
        assert.equal(outcome.length, 1);
        assert.notEqual(outcome[0], 'foreign');
        if (outcome[0] === 'cancelled') assert.ok(requests[number]!.cancelled);
      }
      assert.equal(new Set(idle).size, count);
      assert.equal(idle.length, count);
      assert.equal(keptSlots(), slots.size);
    }),
    { numRuns: 60 },
  );
});
