import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LimitLog } from '../../src/cli/limit-log.js';
import { FakeClock } from '../support/fake-clock.js';
import { memoryLog } from '../support/server.js';

test('a limit is said at once, with its flag, and then at most every ten seconds', () => {
  const clock = new FakeClock();
  const { log, lines } = memoryLog();
  const limitLog = new LimitLog(log, clock);
  const said = (): string[] => lines.splice(0);
  limitLog.met('resets', '1.2.3.4:5');
  const first = said();
  assert.equal(first.length, 1);
  assert.match(first[0]!, /gRPC: limit 'resets' met by 1\.2\.3\.4:5 \(--grpc-max-resets-per-second\)"?$/);
  for (let i = 0; i < 1000; i++) limitLog.met('resets', `1.2.3.4:${i}`);
  assert.deepEqual(said(), []);
  limitLog.met('pings', '1.2.3.4:6');
  assert.equal(said().length, 1);
  clock.advance(10_000);
  assert.match(said().join('\n'), /limit 'resets' met 1000 times, last by 1\.2\.3\.4:999 /);
  clock.advance(10_000);
  assert.deepEqual(said(), []);
  limitLog.met('resets', '1.2.3.4:7');
  assert.match(said().join('\n'), /limit 'resets' met by 1\.2\.3\.4:7/);
});
