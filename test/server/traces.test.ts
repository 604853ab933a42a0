import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { RequestTrace } from '../../src/inference/request-trace.js';
import type { TraceChanges } from '../../src/server/trace-settings.js';
import type { TraceDestination, Traces } from '../../src/server/traces.js';
import { testTraces } from '../support/traces.js';

const level = { timestamps: true, tensors: false };
const off = { timestamps: false, tensors: false };
const nowhere = { metadata: () => undefined };

/** Keeps the traces of each setting apart, in the order in which the settings came to hold. */
class KeptTraces implements TraceDestination {
  readonly sinks: { frequency: number; ids: number[]; closed: boolean }[] = [];

  sink(frequency: number) {
    const kept = { frequency, ids: [] as number[], closed: false };
    this.sinks.push(kept);
    return {
      traceEnded: ({ subject }: RequestTrace) => {
        assert.ok(!kept.closed, 'a trace ends in a sink that is closed');
        kept.ids.push(subject.id);
      },
      batchRan() {},
      close: () => void (kept.closed = true),
    };
  }

  async close(): Promise<void> {}
}

function begin(
  traces: Traces,
  modelName = 'm',
  carrier: { metadata(key: string): string | undefined } = nowhere,
) {
  return traces.begin({ modelName, modelVersion: 1, requestId: '' }, carrier);
}

/** So many requests; the result says which of them were sampled. */
function sampled(traces: Traces, count: number, modelName = 'm'): boolean[] {
  return Array.from({ length: count }, () => begin(traces, modelName) !== undefined);
}

test('every so manieth request is sampled, and no more than the count', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: -1, max: 12 }),
      fc.nat(60),
      (rate, count, asked) => {
        const traces = testTraces({ file: 'f', settings: { level, rate, count } });
        const expected = Array.from({ length: asked }, (_, index) => {
          const turn = (index + 1) / rate;
          return Number.isInteger(turn) && (count === -1 || turn <= count);
        });
        assert.deepEqual(sampled(traces, asked), expected);
      },
    ),
    { numRuns: 200, seed: 9 },
  );
});

type Step =
  | { readonly kind: 'infer'; readonly model: string; readonly times: number }
  | { readonly kind: 'end'; readonly nth: number }
  | { readonly kind: 'change'; readonly scope: string; readonly changes: TraceChanges };

const modelName = fc.constantFrom('a', 'b');
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('infer' as const),
      model: modelName,
      times: fc.integer({ min: 1, max: 12 }),
    }),
    fc.record({ kind: fc.constant('end' as const), nth: fc.nat(20) }),
    fc.record({
      kind: fc.constant('change' as const),
      scope: fc.constantFrom('', 'a', 'b'),
      changes: fc.record(
        {
          level: fc.constantFrom(level, off, null),
          rate: fc.constantFrom(1, 2, 3, 5, null),
          count: fc.constantFrom(-1, 0, 1, 4, null),
          logFrequency: fc.constantFrom(0, 2, null),
        },
        { requiredKeys: [] },
      ),
    }),
  ),
  { maxLength: 40 },
);

/** What must hold of one scope, written as plainly as can be. */
interface Plain {
  own: Record<string, unknown>;
  rate: number;
  count: number;
  on: boolean;
  logFrequency: number;
  seen: number;
}

class PlainTraces {
  readonly base: Plain = { own: {}, rate: 2, count: 6, on: true, logFrequency: 0, seen: 0 };
  global: Plain = { ...this.base };
  readonly models = new Map<string, Plain>();

  scope(model: string): Plain {
    return this.models.get(model) ?? this.global;
  }

  infer(model: string): boolean {
    const scope = this.scope(model);
    if (!scope.on || scope.count === 0) return false;
    if (++scope.seen % scope.rate !== 0) return false;
    if (scope.count > 0) scope.count--;
    return true;
  }

  /** False when it must be refused. */
  change(name: string, changes: TraceChanges): boolean {
    if (Object.keys(changes).length === 0) return true;
    const before = name === '' ? this.global : this.models.get(name);
    const own = { ...before?.own, ...changes } as Record<string, unknown>;
    for (const [key, value] of Object.entries(own)) if (value === null) delete own[key];
    const after = this.#build(own, name === '' ? this.base : this.global);
    if (before !== undefined && !('count' in changes)) after.count = before.count;
    if (after.on && after.count === 0) return false;
    if (name !== '') {
      if (Object.keys(own).length === 0) this.models.delete(name);
      else this.models.set(name, after);
      return true;
    }
    this.global = after;
    for (const [model, scope] of this.models) {
      const followed = this.#build(scope.own, after);
      if ('count' in scope.own || !('count' in changes)) followed.count = scope.count;
      this.models.set(model, followed);
    }
    return true;
  }

  #build(own: Record<string, unknown>, under: Plain): Plain {
    return {
      own,
      rate: (own['rate'] as number | undefined) ?? under.rate,
      count: (own['count'] as number | undefined) ?? under.count,
      on: own['level'] === undefined ? under.on : own['level'] === level,
      logFrequency: (own['logFrequency'] as number | undefined) ?? under.logFrequency,
      seen: 0,
    };
  }
}

/** Some requests of one model; each is sampled as the plain rules say. */
function inferSome(
  traces: Traces,
  plain: PlainTraces,
  { model, times }: Extract<Step, { kind: 'infer' }>,
): RequestTrace[] {
  return Array.from({ length: times }, () => {
    const trace = begin(traces, model);
    assert.equal(trace !== undefined, plain.infer(model));
    // Front ends ask only while this is true; it may turn with the last one of a count.
    if (trace !== undefined) assert.ok(traces.active || plain.scope(model).count === 0);
    return trace;
  }).filter((trace) => trace !== undefined);
}

test('whatever is set in between: who is sampled, what is answered, and where each trace ends', () => {
  fc.assert(
    fc.property(steps, (taken) => {
      const kept = new KeptTraces();
      const traces = testTraces({ file: 'f', settings: { level, rate: 2, count: 6 }, destination: kept });
      const plain = new PlainTraces();
      const open: RequestTrace[] = [];
      for (const step of taken) {
        if (step.kind === 'infer') {
          open.push(...inferSome(traces, plain, step));
        } else if (step.kind === 'end') {
          // Ending twice does nothing.
          open[step.nth]?.end();
        } else if (plain.change(step.scope, step.changes)) {
          const named = traces.update(step.scope, step.changes);
          const expected = plain.scope(step.scope);
          assert.deepEqual(named.get('trace_rate'), [String(expected.rate)]);
          assert.deepEqual(named.get('trace_count'), [String(expected.count)]);
          assert.deepEqual(named.get('trace_level'), [expected.on ? 'TIMESTAMPS' : 'OFF']);
          assert.deepEqual(named.get('log_frequency'), [String(expected.logFrequency)]);
        } else {
          assert.throws(() => traces.update(step.scope, step.changes), /invalid trace setting/);
        }
      }
      for (const trace of open) trace.end();
      const ids = kept.sinks.flatMap((sink) => sink.ids).toSorted((a, b) => a - b);
      assert.deepEqual(
        ids,
        open.map((_, index) => index + 1),
      );
    }),
    { numRuns: 300, seed: 4 },
  );
});

test('a trace ends in the setting in which it began, which is closed behind the last one', () => {
  const kept = new KeptTraces();
  const traces = testTraces({ file: 'f', settings: { level, rate: 1 }, destination: kept });
  const [first, second] = [begin(traces), begin(traces)];
  traces.update('', { logFrequency: 3 });
  const third = begin(traces);
  first?.end();
  assert.deepEqual(kept.sinks[0], { frequency: 0, ids: [1], closed: false });
  second?.end();
  third?.end();
  assert.deepEqual(kept.sinks, [
    { frequency: 0, ids: [1, 2], closed: true },
    { frequency: 3, ids: [3], closed: false },
  ]);
});

test('a trace ends once', () => {
  const kept = new KeptTraces();
  const trace = begin(testTraces({ file: 'f', settings: { level, rate: 1 }, destination: kept }));
  trace?.end();
  trace?.end({ message: 'late' });
  assert.deepEqual(kept.sinks[0]?.ids, [1]);
  assert.equal(trace?.error, undefined);
});

test('nobody is asked while nothing can be sampled', () => {
  const traces = testTraces({ file: 'f', settings: { rate: 1 } });
  assert.equal(traces.active, false);
  traces.update('m', { level, count: 1 });
  assert.equal(traces.active, true);
  assert.deepEqual(sampled(traces, 2, 'other'), [false, false]);
  assert.deepEqual(sampled(traces, 1), [true]);
  assert.equal(traces.active, false);
});

test('a model follows the global setting in what it does not set itself', () => {
  const traces = testTraces({ file: 'f', settings: { rate: 10 } });
  traces.update('m', { rate: 2 });
  traces.update('', { level, rate: 7 });
  assert.deepEqual(traces.settings('m').get('trace_level'), ['TIMESTAMPS']);
  assert.deepEqual(traces.settings('m').get('trace_rate'), ['2']);
  assert.deepEqual(traces.settings('other').get('trace_rate'), ['7']);
  traces.update('m', { rate: null });
  assert.deepEqual(traces.settings('m').get('trace_rate'), ['7']);
  traces.update('', { rate: null, level: null });
  assert.deepEqual(traces.settings('').get('trace_rate'), ['10']);
  assert.deepEqual(traces.settings('').get('trace_level'), ['OFF']);
});

const parent = (flags: string) => ({
  metadata: (key: string) =>
    key === 'traceparent' ? `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-${flags}` : 'vendor=1',
});

const spans = { mode: 'opentelemetry' as const, destination: new KeptTraces() };

test('who traces the whole decides for its parts, and their turns and count stay', () => {
  const traces = testTraces({ ...spans, settings: { level, rate: 2, count: 5 } });
  for (let i = 0; i < 5; i++) {
    const trace = begin(traces, 'm', parent('01'));
    assert.equal(trace?.subject.compute?.traceId, '0af7651916cd43dd8448eb211c80319c');
    assert.equal(trace.subject.parentSpanId, 'b7ad6b7169203331');
    assert.equal(trace.subject.traceState, 'vendor=1');
    assert.equal(begin(traces, 'm', parent('00')), undefined);
  }
  assert.deepEqual(traces.settings('').get('trace_count'), ['5']);
  assert.deepEqual(sampled(traces, 2), [false, true]);
});

test('with rate 0 only what belongs to a trace of its caller is traced', () => {
  const traces = testTraces({ ...spans, settings: { level, rate: 0 } });
  assert.equal(traces.active, true);
  assert.deepEqual(sampled(traces, 3), [false, false, false]);
  assert.notEqual(begin(traces, 'm', parent('01')), undefined);
  assert.throws(() => traces.update('', { rate: 0 }), /sample rate must be non-zero/);
  traces.update('', { level: off, rate: 0 });
  assert.equal(begin(traces, 'm', parent('01')), undefined);
});

test('trace files do not ask for a trace of the caller', () => {
  const traces = testTraces({ file: 'f', settings: { level, rate: 2 } });
  assert.equal(begin(traces, 'm', parent('01')), undefined);
  assert.notEqual(begin(traces, 'm', parent('00')), undefined);
});
