import assert from 'node:assert/strict';
import { test } from 'node:test';
import { never, toStamp } from '../../src/inference/alarm-memory.js';
import { Alarm } from '../../src/inference/alarm.js';
import { nowUs } from '../../src/inference/now.js';
import { eventually } from '../support/eventually.js';

test('an alarm rings, also for a time that is earlier than the one that its thread sleeps for', async () => {
  let rings = 0;
  const alarm = new Alarm(() => rings++);
  for (let round = 1; round <= 50; round++) {
    alarm.set(nowUs() + 600_000_000);
    alarm.set(nowUs() + 300);
    await eventually(() => rings === round, 'the ring');
  }
});

test('a time that is set anew takes the place of the one before', async () => {
  const ringsUs: number[] = [];
  const alarm = new Alarm(() => ringsUs.push(nowUs()));
  alarm.set(nowUs());
  await eventually(() => ringsUs.length === 1, 'the first ring, when the thread runs');
  const armedUs = nowUs();
  for (let delayUs = 20_000; delayUs <= 30_000; delayUs += 100) alarm.set(armedUs + delayUs);
  await eventually(() => ringsUs.length === 2, 'the last ring');
  // Two threads know their common clock to a microsecond or so; readers of the alarm look at their own.
  assert.ok(ringsUs[1]! >= armedUs + 30_000 - 100);
});

test('stamps are never the mark of no time, and compare across the wrap of their 32 bits', () => {
  assert.notEqual(toStamp(0), never);
  assert.notEqual(toStamp(2 ** 32), never);
  for (const us of [0, 2 ** 31, 2 ** 32, 5 * 2 ** 40]) {
    const apart = (toStamp(us + 1000) - toStamp(us - 1000)) | 0;
    assert.equal(apart, 2000);
  }
});
