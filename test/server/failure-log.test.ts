import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FailureLog, type Failure } from '../../src/server/failure-log.js';
import { defaultLogSettings } from '../../src/telemetry/log.js';
import { FakeClock } from '../support/fake-clock.js';
import { memoryLog } from '../support/server.js';

const failure: Failure = {
  protocol: 'HTTP',
  method: 'POST /v2/models/m/infer',
  model: 'm',
  status: '400',
  message: 'no such input',
  ours: false,
  peer: '127.0.0.1:5',
  durationUs: 1234.5,
};

test('a line tells what failed, of whom and how; the server’s own failures are warnings', () => {
  const { log, lines } = memoryLog();
  const failures = new FailureLog(log, new FakeClock());
  failures.tell(failure);
  failures.tell({
    ...failure,
    protocol: 'gRPC',
    method: '/s/M',
    model: '',
    ours: true,
    durationUs: undefined,
  });
  assert.match(
    lines[0] ?? '',
    /^I.*"HTTP POST \/v2\/models\/m\/infer failed: 400: no such input \(model 'm', client 127\.0\.0\.1:5, 1\.235 ms\)"$/,
  );
  assert.match(lines[1] ?? '', /^W.*"gRPC \/s\/M failed: 400: no such input \(client 127\.0\.0\.1:5\)"$/);
});

test('the JSON form has a field for each of it', () => {
  const { log, lines } = memoryLog({ ...defaultLogSettings, format: 'json' });
  new FailureLog(log, new FakeClock()).tell(failure);
  const { message, time, pid, at, ...fields } = JSON.parse(lines[0] ?? '');
  assert.deepEqual(fields, {
    level: 'info',
    protocol: 'HTTP',
    method: 'POST /v2/models/m/infer',
    model: 'm',
    status: '400',
    error: 'no such input',
    peer: '127.0.0.1:5',
    durationMs: 1.235,
  });
  assert.ok(message && time && pid && at);
});

test('ten failures in ten seconds have a line each, the others one together', () => {
  const { log, lines } = memoryLog();
  const clock = new FakeClock();
  const failures = new FailureLog(log, clock);
  for (let i = 0; i < 500; i++) failures.tell(failure);
  assert.equal(lines.length, 10);
  clock.advance(10_000);
  assert.equal(lines.length, 11);
  assert.match(lines[10] ?? '', /"490 more requests failed in the last 10 s"$/);
  clock.advance(10_000);
  failures.tell(failure);
  clock.advance(10_000);
  assert.equal(lines.length, 12);
});

test('what a client has made long is cut', () => {
  const { log, lines } = memoryLog();
  const long = 'x'.repeat(5000);
  new FailureLog(log, new FakeClock()).tell({ ...failure, message: long, model: long, method: long });
  assert.ok((lines[0]?.length ?? 0) < 1700);
});
