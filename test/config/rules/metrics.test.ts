import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check, good, testRefused } from '../rule-table.js';

const control = (fields: string): string => `${good} model_metrics { metric_control { ${fields} } }`;
const named = 'metric_identifier { family: "nv_inference_first_response_histogram_ms" }';
const buckets = 'histogram_options { buckets: [ 1, 5 ] }';

testRefused('2.4 metrics', [
  [control(buckets), 'invalid-argument', `metric control must specify 'metric_identifier'`],
  [
    control(`metric_identifier { } ${buckets}`),
    'invalid-argument',
    `metric identifier must specify non-empty 'family'`,
  ],
  [control(named), 'invalid-argument', `metric control must specify 'histogram_options'`],
  [
    control(`${named} histogram_options { }`),
    'invalid-argument',
    `histogram options must specify non-empty 'buckets'`,
  ],
]);

test('2.4 metrics that are right, or of a family that is not known, are accepted', () => {
  assert.deepEqual(check(control(`${named} ${buckets}`)), []);
  assert.deepEqual(check(control(`metric_identifier { family: "x" } ${buckets}`)), []);
  assert.deepEqual(check(`${good} model_metrics { }`), []);
});
