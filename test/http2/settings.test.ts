import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorCode, setting, windowMax } from '../../src/http2/frames.js';
import { applySettings, encodeSettings, type PeerSettings } from '../../src/http2/settings.js';

function apply(...settings: [id: number, value: number][]): { error: number; applied: string[] } {
  const applied: string[] = [];
  const peer: PeerSettings = {
    setTableBytes: (bytes) => void applied.push(`table ${bytes}`),
    setStreamWindow: (bytes) => applied.push(`window ${bytes}`) > 0 && bytes !== 66,
    setFrameBytes: (bytes) => void applied.push(`frame ${bytes}`),
  };
  return { error: applySettings(peer, encodeSettings(settings)), applied };
}

test('settings are applied in their order, and again when they come again', () => {
  const { error, applied } = apply(
    [setting.initialWindowSize, 5],
    [setting.maxFrameSize, 16_384],
    [setting.headerTableSize, 2 ** 32 - 1],
    [setting.initialWindowSize, windowMax],
    [setting.maxFrameSize, 2 ** 24 - 1],
  );
  assert.equal(error, errorCode.noError);
  assert.deepEqual(applied, [
    'window 5',
    'frame 16384',
    'table 4294967295',
    `window ${windowMax}`,
    'frame 16777215',
  ]);
});

test('what means nothing to a server, or is unknown, is passed over', () => {
  const { error, applied } = apply(
    [setting.enablePush, 0],
    [setting.enablePush, 1],
    [setting.maxConcurrentStreams, 0],
    [setting.maxHeaderListSize, 0],
    [0, 1],
    [0xffff, 2 ** 32 - 1],
  );
  assert.deepEqual([error, applied], [errorCode.noError, []]);
});

const wrong: readonly (readonly [id: number, value: number, error: number])[] = [
  [setting.enablePush, 2, errorCode.protocolError],
  [setting.initialWindowSize, 2 ** 31, errorCode.flowControlError],
  // A window of a stream would be too large.
  [setting.initialWindowSize, 66, errorCode.flowControlError],
  [setting.maxFrameSize, 16_383, errorCode.protocolError],
  [setting.maxFrameSize, 2 ** 24, errorCode.protocolError],
];
for (const [id, value, error] of wrong) {
  test(`setting ${id} of ${value} is error ${error}, and nothing behind it is applied`, () => {
    const { error: found, applied } = apply(
      [setting.headerTableSize, 1],
      [id, value],
      [setting.headerTableSize, 2],
    );
    assert.equal(found, error);
    assert.deepEqual(
      applied.filter((text) => text.startsWith('table')),
      ['table 1'],
    );
  });
}

test('a payload that is not made of whole settings is a wrong size', () => {
  const peer: PeerSettings = { setTableBytes() {}, setStreamWindow: () => true, setFrameBytes() {} };
  for (let size = 0; size < 20; size++) {
    const error = applySettings(peer, Buffer.alloc(size));
    assert.equal(error, size % 6 === 0 ? errorCode.noError : errorCode.frameSizeError);
  }
});
