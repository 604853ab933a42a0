import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { defaultLimits } from '../../src/http2/limits.js';
import type { Stream } from '../../src/http2/stream.js';
import { Watch, type Watched } from '../../src/http2/watch.js';

const startMs = 1000;
const limits = { ...defaultLimits, receiveTimeoutMs: 100, sendTimeoutMs: 200, idleTimeoutMs: 0 };

function awaitedStream(): { stream: Stream; standstills: () => number } {
  let count = 0;
  const listener = { onStandstill: () => void count++ };
  const stream = { awaited: true, receivedBytes: 0, seenBytes: 0, seenMs: 0, listener };
  return { stream: stream as unknown as Stream, standstills: () => count };
}

describe('a watch', () => {
  let watch = new Watch(limits, startMs);
  let watched: { -readonly [Key in keyof Watched]: Watched[Key] };
  const look = (atMs: number): string => watch.look(watched, startMs + atMs);

  beforeEach(() => {
    watch = new Watch(limits, startMs);
    watched = {
      settled: true,
      openFrame: 0,
      backlogBytes: 0,
      takenCount: 0,
      streamCount: 0,
      hasRoom: true,
      streams: () => [],
    };
  });

  test('finds nothing where nothing is open', () => {
    for (const atMs of [0, 100, 1000, 1e9]) assert.equal(look(atMs), 'nothing');
  });

  test('finds a connection that has not settled in time, whatever frames come', () => {
    watched.settled = false;
    for (let atMs = 0; atMs < 100; atMs += 10) {
      watched.openFrame = atMs;
      assert.equal(look(atMs), 'nothing');
    }
    assert.equal(look(100), 'receive-timeout');
  });

  test('finds the same frame open at looks that are a timeout apart', () => {
    watched.openFrame = 7;
    assert.equal(look(10), 'nothing');
    assert.equal(look(109), 'nothing');
    assert.equal(look(110), 'receive-timeout');
  });

  test('takes another frame, or none in between, for progress', () => {
    watched.openFrame = 7;
    look(0);
    watched.openFrame = 8;
    assert.equal(look(100), 'nothing');
    watched.openFrame = 0;
    assert.equal(look(190), 'nothing');
    watched.openFrame = 8;
    assert.equal(look(210), 'nothing');
    assert.equal(look(309), 'nothing');
    assert.equal(look(310), 'receive-timeout');
  });

  test('finds a backlog of which nothing was taken for the send timeout', () => {
    watched.backlogBytes = 10;
    assert.equal(look(0), 'nothing');
    watched.takenCount = 1;
    assert.equal(look(150), 'nothing');
    watched.backlogBytes = 500;
    assert.equal(look(349), 'nothing');
    assert.equal(look(350), 'send-timeout');
  });

  test('takes an empty backlog for progress', () => {
    watched.backlogBytes = 10;
    look(0);
    watched.backlogBytes = 0;
    look(150);
    watched.backlogBytes = 10;
    assert.equal(look(300), 'nothing');
    assert.equal(look(350), 'send-timeout');
  });

  test('finds a connection without streams for the idle timeout, counted from the last one', () => {
    watch = new Watch({ ...limits, idleTimeoutMs: 50 }, startMs);
    watched.streamCount = 1;
    assert.equal(look(0), 'nothing');
    assert.equal(look(100), 'nothing');
    watched.streamCount = 0;
    assert.equal(look(110), 'nothing');
    assert.equal(look(159), 'nothing');
    assert.equal(look(160), 'idle-timeout');
    watched.streamCount = 1;
    assert.equal(look(161), 'nothing');
    watched.streamCount = 0;
    assert.equal(look(170), 'nothing');
  });

  test('tells a stream that owes bytes and brings none', () => {
    const { stream, standstills } = awaitedStream();
    watched.streamCount = 1;
    watched.streams = () => [stream];
    for (const atMs of [10, 60, 109]) assert.equal(look(atMs), 'nothing');
    assert.equal(standstills(), 0);
    assert.equal(look(110), 'nothing');
    assert.equal(standstills(), 1);
  });

  test('is not fooled by bytes that drip', () => {
    const { stream, standstills } = awaitedStream();
    watched.streamCount = 1;
    watched.streams = () => [stream];
    for (let atMs = 0; atMs <= 100; atMs += 10) {
      look(atMs);
      stream.receivedBytes += 10;
    }
    assert.equal(standstills(), 1);
  });

  test('lets a stream live that brings a KiB, or from which nothing is awaited', () => {
    const { stream, standstills } = awaitedStream();
    watched.streamCount = 1;
    watched.streams = () => [stream];
    for (let atMs = 0; atMs < 1000; atMs += 90) {
      look(atMs);
      stream.receivedBytes += 1024;
    }
    stream.awaited = false;
    for (let atMs = 1000; atMs < 2000; atMs += 90) look(atMs);
    stream.awaited = true;
    look(2000);
    assert.equal(standstills(), 0);
    look(2099);
    assert.equal(standstills(), 1);
  });
});
