import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readParentContext } from '../../src/telemetry/trace-context.js';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';

test('a traceparent names a trace, a span and whether it is sampled', () => {
  const read = (text: string) => readParentContext(text, ' a=b,c=d ');
  assert.deepEqual(read(`00-${traceId}-${spanId}-01`), { traceId, spanId, sampled: true, state: 'a=b,c=d' });
  assert.equal(read(`00-${traceId}-${spanId}-00`)?.sampled, false);
  assert.equal(read(`00-${traceId}-${spanId}-03`)?.sampled, true);
  assert.equal(read(`cc-${traceId}-${spanId}-01-later`)?.spanId, spanId);
  assert.equal(readParentContext(`00-${traceId}-${spanId}-01`)?.state, '');
});

test('a tracestate that is too long or no text is left out', () => {
  for (const state of ['x'.repeat(513), 'a=\n', 'a=ä']) {
    assert.equal(readParentContext(`00-${traceId}-${spanId}-01`, state)?.state, '');
  }
});

for (const text of [
  '',
  'x',
  `00-${traceId}-${spanId}`,
  `00-${traceId}-${spanId}-01-more`,
  `ff-${traceId}-${spanId}-01`,
  `00-${'0'.repeat(32)}-${spanId}-01`,
  `00-${traceId}-${'0'.repeat(16)}-01`,
  `00-${traceId.toUpperCase()}-${spanId}-01`,
  `00-${traceId}-${spanId}-1`,
]) {
  test(`'${text}' names no trace`, () => assert.equal(readParentContext(text), undefined));
}
