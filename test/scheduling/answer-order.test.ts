import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { InferenceError } from '../../src/inference/error.js';
import { AnswerOrder } from '../../src/scheduling/answer-order.js';
import type { Entry } from '../../src/scheduling/entry.js';
import type { Answer } from '../../src/scheduling/scatter.js';
import { newEntry } from '../support/batches.js';

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom('accept', 'accept', 'answer', 'answer', 'forget'),
    which: fc.nat(30),
  }),
  { maxLength: 80, size: 'max' },
);

test('answers leave in the order of acceptance, each once and as soon as none before it is open', () => {
  fc.assert(
    fc.property(steps, (script) => {
      const out: (readonly [Entry, Answer])[] = [];
      const order = new AnswerOrder((entry, answer) => out.push([entry, answer]));
      // What is accepted and neither out nor forgotten, and the answers that have come.
      let open: Entry[] = [];
      const answers = new Map<Entry, Answer>();
      const expected: (readonly [Entry, Answer])[] = [];
      for (const { kind, which } of script) {
        const unanswered = open.filter((entry) => !answers.has(entry));
        const entry = unanswered[which % Math.max(1, unanswered.length)];
        if (kind === 'accept') {
          const accepted = newEntry();
          open.push(accepted);
          order.accept(accepted);
        } else if (entry !== undefined && kind === 'answer') {
          const answer = new InferenceError('internal', String(which));
          answers.set(entry, answer);
          order.answer(entry, answer);
        } else if (entry !== undefined) {
          open = open.filter((other) => other !== entry);
          order.forget(entry);
        }
        while (open[0] !== undefined && answers.has(open[0])) {
          const first = open.shift()!;
          expected.push([first, answers.get(first)!]);
        }
        assert.equal(out.length, expected.length);
        for (const [at, [delivered, answer]] of expected.entries()) {
          assert.ok(out[at]![0] === delivered && out[at]![1] === answer);
        }
      }
    }),
    { numRuns: 300 },
  );
});
