import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseModelConfig } from '../../src/config/parse.js';
import { Ledger, type LedgerOptions, type LiveSeries } from '../../src/models/ledger.js';
import { Statistics } from '../../src/models/statistics.js';
import type { CountedVersion } from '../../src/models/version-record.js';
import { histogramSamples } from '../../src/telemetry/histogram.js';
import { buildBatching } from '../support/scheduler.js';

const plain: LedgerOptions = { histograms: true, quantiles: undefined, nowMs: () => 0 };
const opened = { namespace: undefined, loadSecs: 2 };
const run = { startUs: 10, inputEndUs: 20, inferEndUs: 120, endUs: 130 };

/** A version that has answered so many requests. */
function loaded(ledger: Ledger, { name = 'm', version = 1, more = '', successes = 0 }): CountedVersion {
  const config = parseModelConfig(`name: "${name}" ${more}`, 'config.pbtxt');
  const statistics = new Statistics(() => 0, ledger.observe(config));
  for (let count = 0; count < successes; count++) {
    statistics.recordRun(1, run);
    statistics.recordSuccess({ rows: 1, startUs: 0, enqueuedUs: 5 }, run);
  }
  const { scheduler } = buildBatching();
  return {
    version,
    config,
    statistics,
    gpus: [],
    work: { busyUs: 100 * successes, oldestAgeUs: version, aliveCount: 1, restartCount: 1 },
    batching: () => scheduler.batching(0),
  };
}

function live(ledger: Ledger): LiveSeries {
  const [series] = ledger.series();
  assert.ok(series?.live !== undefined);
  return series.live;
}

test('versions with the same labels are added up while they overlap, and afterwards', () => {
  const ledger = new Ledger(plain);
  const [first, second, third] = [3, 2, 1].map((successes) => loaded(ledger, { successes }));
  const totals = (): number[] => {
    const { record, aliveCount, batching } = live(ledger);
    const { success, executionCount, batches } = record.statistics;
    const requests = histogramSamples(record.stages!.request, {}).at(-1)!.value;
    return [
      success.count,
      executionCount,
      batches[0]!.compute.infer.count,
      requests,
      record.busyUs,
      record.restartCount,
      aliveCount,
      batching.length,
    ];
  };
  ledger.opened(first!, opened);
  assert.deepEqual(totals(), [3, 3, 3, 3, 300, 1, 1, 1]);
  ledger.opened(second!, { ...opened, loadSecs: 7 });
  assert.deepEqual(totals(), [5, 5, 5, 5, 500, 2, 2, 2]);
  assert.equal(live(ledger).loadSecs, 7);
  ledger.closed(first!);
  assert.deepEqual(totals(), [5, 5, 5, 5, 500, 2, 1, 1]);
  ledger.opened(third!, opened);
  ledger.closed(second!);
  assert.deepEqual(totals(), [6, 6, 6, 6, 600, 3, 1, 1]);
  ledger.closed(second!);
  assert.deepEqual(totals(), [6, 6, 6, 6, 600, 3, 1, 1]);
  assert.equal(ledger.series().length, 1);
});

test('other tags are other labels, and other buckets begin anew', () => {
  const ledger = new Ledger(plain);
  const buckets = (text: string): string =>
    `model_metrics { metric_control { metric_identifier { family: "nv_inference_first_response_histogram_ms" } histogram_options { buckets: [ ${text} ] } } }`;
  ledger.opened(loaded(ledger, { successes: 2, more: buckets('1') }), opened);
  const newer = loaded(ledger, { successes: 1, more: buckets('1, 2') });
  ledger.opened(newer, opened);
  assert.deepEqual(live(ledger).record.firstResponse?.counts, [1, 0, 0]);
  assert.equal(live(ledger).record.statistics.success.count, 3);
  ledger.opened(loaded(ledger, { more: 'metric_tags { key: "a" value: "b" }' }), opened);
  assert.deepEqual(
    ledger.series().map(({ labels }) => labels),
    [
      { model: 'm', version: '1' },
      { model: 'm', version: '1', _a: 'b' },
    ],
  );
});

test('failures outlive their version, of the last thousand labels', () => {
  const ledger = new Ledger(plain);
  for (let version = 1; version <= 1002; version++) {
    const one = loaded(ledger, { version });
    one.statistics.recordFailure('backend', 5);
    ledger.opened(one, opened);
    ledger.closed(one);
  }
  const all = ledger.series();
  assert.deepEqual(
    [all.length, all[0]?.labels['version'], all.at(-1)?.labels['version']],
    [1000, '3', '1002'],
  );
  assert.ok(all.every(({ live, failures }) => live === undefined && failures.backend.count === 1));
  const again = loaded(ledger, { version: 3, successes: 1 });
  again.statistics.recordFailure('backend', 5);
  ledger.opened(again, opened);
  const found = ledger.series().find(({ labels }) => labels['version'] === '3');
  assert.equal(found?.failures.backend.count, 2);
  assert.equal(found?.live?.record.statistics.failures.backend.count, 1);
});

test('a version that takes over goes on with the summaries of the one before', () => {
  const ledger = new Ledger({ ...plain, quantiles: [{ quantile: 0.5, error: 0.1 }] });
  const first = loaded(ledger, { successes: 2 });
  ledger.opened(first, opened);
  const second = loaded(ledger, {});
  ledger.opened(second, opened);
  ledger.closed(first);
  second.statistics.recordSuccess({ rows: 1, startUs: 0, enqueuedUs: 5 }, run);
  const samples = live(ledger).summaries?.infer.samples({});
  assert.deepEqual(
    samples?.map(({ value }) => value),
    [100, 300, 3],
  );
});
