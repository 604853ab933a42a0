import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addCounts,
  DurationHistogram,
  histogramSamples,
  ValueHistogram,
} from '../../src/telemetry/histogram.js';
import { MetricsPage, type Family } from '../../src/telemetry/metrics.js';

const counter: Family = {
  name: 'requests',
  help: 'Requests',
  type: 'counter',
  samples: [
    { labels: { model: 'a "b"\\\n' }, value: 3 },
    { labels: {}, value: Infinity },
  ],
};

const omitted = (count: number): string =>
  '# HELP nereid_metrics_omitted_series Series that were left out because the page would be larger than --metrics-max-series\n' +
  `# TYPE nereid_metrics_omitted_series gauge\nnereid_metrics_omitted_series ${count}\n`;

test('families are written in the text format, counters under their plain names', async () => {
  const empty: Family = { name: 'none', help: 'None', type: 'gauge', samples: [] };
  assert.equal(
    await new MetricsPage([() => [counter, empty]], 100).read(),
    '# HELP requests Requests\n# TYPE requests counter\n' +
      `requests{model="a \\"b\\"\\\\\\n"} 3\nrequests +Inf\n${omitted(0)}`,
  );
});

test('a family of thousands of series is written whole and in order', async () => {
  const samples = Array.from({ length: 2001 }, (_, index) => ({
    labels: { n: String(index) },
    value: index,
  }));
  const text = await new MetricsPage(
    [() => [{ name: 'many', help: 'Many\nlines', type: 'gauge', samples }]],
    10_000,
  ).read();
  const lines = text.split('\n');
  assert.deepEqual(lines.slice(0, 2), ['# HELP many Many\\nlines', '# TYPE many gauge']);
  assert.deepEqual(
    lines.slice(2, 2003),
    samples.map(({ value }) => `many{n="${value}"} ${value}`),
  );
});

test('a family that does not fit is left out whole, and it is told how many series are missing', async () => {
  const small: Family = { name: 'small', help: 'Small', type: 'gauge', samples: [{ labels: {}, value: 1 }] };
  const text = await new MetricsPage([() => [small], () => [counter, { ...small, name: 'other' }]], 2).read();
  assert.match(text, /^small 1$/m);
  assert.match(text, /^other 1$/m);
  assert.doesNotMatch(text, /requests/);
  assert.ok(text.endsWith(omitted(2)));
});

test('who asks while a page is written gets that page', async () => {
  let readCount = 0;
  const page = new MetricsPage([() => (readCount++, [counter])], 100);
  const [first, second] = await Promise.all([page.read(), page.read()]);
  assert.equal(first, second);
  await page.read();
  assert.equal(readCount, 2);
});

test('a duration falls into the bucket whose bound it does not pass', () => {
  for (const [us, le] of [
    [-5, '0.000032'],
    [0, '0.000032'],
    [32, '0.000032'],
    [32.001, '0.000064'],
    [64, '0.000064'],
    [65, '0.000128'],
    [1000, '0.001024'],
    [32 * 2 ** 20, '33.554432'],
    [32 * 2 ** 20 + 1, '+Inf'],
    [1e15, '+Inf'],
  ] as const) {
    const histogram = new DurationHistogram();
    histogram.observe(us);
    const samples = histogramSamples(histogram.counts, { stage: 'queue' });
    const first = samples.find(({ value }) => value === 1);
    assert.deepEqual(first?.labels, { stage: 'queue', le }, `${us} µs`);
    assert.equal(samples.at(-2)?.value, Math.max(0, us) / 1e6);
    assert.equal(samples.at(-1)?.value, 1);
  }
});

test('a histogram of chosen bounds has each once, in order, and one for all', () => {
  const histogram = new ValueHistogram([10, 5, Infinity, 10]);
  for (const value of [5, 5.5, 11]) histogram.observe(value);
  histogram.observe(10, 2);
  assert.deepEqual(histogram.counts, { bounds: [5, 10], counts: [1, 3, 1], sum: 41.5 });
  assert.deepEqual(
    histogramSamples(histogram.counts, {}).map(({ value }) => value),
    [1, 4, 5, 41.5, 5],
  );
  assert.deepEqual(addCounts(histogram.counts, histogram.counts), {
    bounds: [5, 10],
    counts: [2, 6, 2],
    sum: 83,
  });
  assert.deepEqual(addCounts(histogram.counts, new ValueHistogram([1]).counts), histogram.counts);
});
