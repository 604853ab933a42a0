import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FrameWriter } from '../../src/http2/frame-writer.js';
import { defaultLimits } from '../../src/http2/limits.js';
import { ReceiveFlow } from '../../src/http2/receive-flow.js';

function flow(): { receive: ReceiveFlow; updates: [id: number, bytes: number][] } {
  const updates: [number, number][] = [];
  const writer = { windowUpdate: (id: number, bytes: number) => updates.push([id, bytes]) };
  const limits = { ...defaultLimits, connectionWindowBytes: 100_000, streamWindowBytes: 100_000 };
  return { receive: new ReceiveFlow(writer as unknown as FrameWriter, limits), updates };
}

test('room is given back in steps of half a window', () => {
  const { receive, updates } = flow();
  receive.open();
  assert.deepEqual(updates.splice(0), [[0, 100_000 - 65_535]]);
  assert.equal(receive.take(80_000), true);
  receive.credit(49_999);
  assert.deepEqual(updates, []);
  receive.credit(1);
  assert.deepEqual(updates, [[0, 50_000]]);
  assert.equal(receive.take(70_000), true);
  assert.equal(receive.take(1), false);
});

test('no room is given while whole requests hold more than a window, and all that is owed after', () => {
  const { receive, updates } = flow();
  receive.take(100_000);
  receive.hold(60_000);
  receive.hold(60_000);
  receive.credit(60_000);
  receive.credit(40_000);
  assert.deepEqual(updates, []);
  assert.equal(receive.hasRoom, false);
  receive.hold(-60_000);
  assert.deepEqual(updates, [[0, 100_000]]);
  assert.equal(receive.hasRoom, true);
});
