import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { errorCode, flag, frameType, preface, setting, windowMax } from '../../src/http2/frames.js';
import {
  dataFrame,
  headersFrame,
  numberFrame,
  pingFrame,
  postFields,
  resetFrame,
  settingsFrame,
  windowUpdate,
} from '../support/http2-peer.js';
import { answerHead, withRig } from '../support/http2-rig.js';
import { frame, headerBlock } from '../support/raw-http2.js';

const { protocolError, flowControlError, frameSizeError, streamClosed, compressionError } = errorCode;
const bytes = (...values: number[]): Buffer => Buffer.from(values);
const eight = Buffer.alloc(8);
const block = headerBlock(postFields);
const half = block.subarray(0, 10);
const rest = block.subarray(10);
const open = headersFrame(1);

/** Mistakes that end the connection: title, code, frames behind the preface and SETTINGS. */
const connectionMistakes: readonly (readonly [title: string, code: number, ...frames: Buffer[]])[] = [
  ['4.1 a reserved bit does not count', protocolError, frame(frameType.data, 0, 2 ** 31)],
  ['4.2 a frame larger than announced', frameSizeError, frame(99, 0, 0, Buffer.alloc(16_385))],
  ['4.2 HEADERS larger than announced', frameSizeError, frame(1, 4, 1, Buffer.alloc(16_385))],
  [
    '4.3 a block that cannot be decoded',
    compressionError,
    frame(1, 4, 1, bytes(0xff, 0xff, 0xff, 0xff, 0xff)),
  ],
  ['4.3 trailers that cannot be decoded', compressionError, open, frame(1, 5, 1, bytes(0x80))],
  ['5.1 DATA on an idle stream', protocolError, dataFrame(1, 'x')],
  ['5.1 RST_STREAM on an idle stream', protocolError, resetFrame(1)],
  ['5.1 WINDOW_UPDATE on an idle stream', protocolError, windowUpdate(1, 1)],
  ['5.1.1 a stream of the server', protocolError, headersFrame(2)],
  ['5.1.1 an older stream', protocolError, headersFrame(5, true), headersFrame(3)],
  ['6.1 DATA on no stream', protocolError, dataFrame(0, 'x')],
  ['6.1 padding as long as its frame', protocolError, open, frame(0, flag.padded, 1, bytes(3, 0, 0))],
  ['6.1 padding without its length', frameSizeError, open, frame(0, flag.padded, 1)],
  ['6.2 HEADERS on no stream', protocolError, headersFrame(0)],
  ['6.2 HEADERS with too much padding', protocolError, frame(1, flag.padded | 4, 1, bytes(9, 0x82))],
  ['6.2 padded HEADERS of nothing', protocolError, frame(1, flag.padded | 4, 1)],
  ['6.2 HEADERS shorter than a priority', protocolError, frame(1, flag.priority | 4, 1, bytes(0, 0, 0))],
  ['6.3 PRIORITY on no stream', protocolError, frame(2, 0, 0, Buffer.alloc(5))],
  ['6.4 RST_STREAM on no stream', protocolError, resetFrame(0)],
  ['6.4 RST_STREAM of another size', frameSizeError, open, frame(3, 0, 1, bytes(0, 0, 0))],
  ['6.5 SETTINGS on a stream', protocolError, frame(4, 0, 1)],
  ['6.5 SETTINGS cut short', frameSizeError, frame(4, 0, 0, Buffer.alloc(5))],
  ['6.5 an acknowledgement that says something', frameSizeError, frame(4, flag.ack, 0, Buffer.alloc(6))],
  ['6.5.2 ENABLE_PUSH of 2', protocolError, settingsFrame([setting.enablePush, 2])],
  [
    '6.5.2 an initial window too large',
    flowControlError,
    settingsFrame([setting.initialWindowSize, 2 ** 31]),
  ],
  ['6.5.2 frames too small', protocolError, settingsFrame([setting.maxFrameSize, 16_383])],
  ['6.5.2 frames too large', protocolError, settingsFrame([setting.maxFrameSize, 2 ** 24])],
  ['6.6 PUSH_PROMISE', protocolError, open, frame(5, 4, 1, bytes(0, 0, 0, 2))],
  ['6.7 PING on a stream', protocolError, open, frame(6, 0, 1, eight)],
  ['6.7 PING of another size', frameSizeError, frame(6, 0, 0, Buffer.alloc(7))],
  ['6.8 GOAWAY on a stream', protocolError, open, frame(7, 0, 1, eight)],
  ['6.8 GOAWAY cut short', frameSizeError, frame(7, 0, 0, Buffer.alloc(7))],
  ['6.9 WINDOW_UPDATE of another size', frameSizeError, frame(8, 0, 0, Buffer.alloc(3))],
  ['6.9 WINDOW_UPDATE of 0', protocolError, windowUpdate(0, 0)],
  ['6.9.1 a window too large', flowControlError, windowUpdate(0, windowMax)],
  [
    '6.9.2 a stream window too large',
    flowControlError,
    open,
    windowUpdate(1, 2 ** 30),
    settingsFrame([setting.initialWindowSize, windowMax]),
  ],
  ['6.10 CONTINUATION of nothing', protocolError, open, frame(9, 4, 1, half)],
  ['6.10 CONTINUATION of another stream', protocolError, frame(1, 0, 1, half), frame(9, 4, 3, rest)],
  ['6.10 DATA within a block', protocolError, frame(1, 0, 1, half), dataFrame(1, 'x')],
  ['6.10 PING within a block', protocolError, frame(1, 0, 1, half), pingFrame()],
  ['5.5 an unknown frame within a block', protocolError, frame(1, 0, 1, half), frame(99, 0, 1)],
  ['5.1 HEADERS on a stream that the peer has reset', streamClosed, open, resetFrame(1), headersFrame(1)],
];

/** Mistakes that end one stream; the frames are for stream 1. */
const streamMistakes: readonly (readonly [title: string, code: number, ...frames: Buffer[]])[] = [
  ['5.1 DATA behind the end', streamClosed, headersFrame(1, true), dataFrame(1, 'x')],
  ['5.1 HEADERS behind the end', streamClosed, headersFrame(1, true), headersFrame(1, true)],
  ['6.3 a stream that depends on itself', protocolError, open, frame(2, 0, 1, bytes(0, 0, 0, 1, 0))],
  ['6.9 WINDOW_UPDATE of 0', protocolError, open, windowUpdate(1, 0)],
  ['6.9.1 a window too large', flowControlError, open, windowUpdate(1, windowMax)],
  ['8.1 trailers that do not end', protocolError, open, headersFrame(1, false, [['x', 'y']])],
  ['8.1 trailers with pseudo-header fields', protocolError, open, headersFrame(1, true)],
  ['8.1.1 more than content-length', protocolError, withLength('3'), dataFrame(1, 'four')],
  ['8.1.1 less than content-length', protocolError, withLength('5'), dataFrame(1, 'four', true)],
  [
    '8.1.1 trailers before content-length',
    protocolError,
    withLength('5'),
    headersFrame(1, true, [['x', 'y']]),
  ],
  ['8.1.1 no body where one is promised', protocolError, withLength('5', true)],
  ['8.2 a malformed request', protocolError, headersFrame(1, true, [...postFields, ['Upper', 'x']])],
  ['8.3 a request without a path', protocolError, headersFrame(1, true, postFields.slice(0, 2))],
];

function withLength(length: string, end = false): Buffer {
  return headersFrame(1, end, [...postFields, ['content-length', length]]);
}

describe('mistakes that end a connection', () => {
  for (const [title, code, ...frames] of connectionMistakes) {
    test(
      `RFC 9113 ${title}`,
      withRig({}, async (rig) => {
        // Streams stay open, so that what comes for them is not for the dead.
        rig.onEnd = () => {};
        const peer = rig.peer();
        const other = rig.peer();
        peer.send(...frames);
        const last = await peer.end();
        assert.equal(last?.code, code, last?.reason);
        assert.notEqual(last?.reason, '');
        rig.onEnd = ({ stream }) => stream.end(answerHead);
        assert.equal((await other.call(1)).ended, true);
      }),
    );
  }

  const first: readonly (readonly [title: string, bytes: Buffer])[] = [
    ['another preface', Buffer.from('GET / HTTP/1.1\r\n\r\n       ')],
    ['a preface that goes wrong early', Buffer.from('G')],
    ['another first frame', Buffer.concat([preface, pingFrame()])],
    ['DATA as the first frame', Buffer.concat([preface, dataFrame(0, 'x')])],
  ];
  for (const [title, bytes] of first) {
    test(
      `RFC 9113 3.4 ${title}`,
      withRig({}, async (rig) => {
        const peer = rig.peer({ greet: false });
        peer.send(bytes);
        assert.equal((await peer.end())?.code, protocolError);
      }),
    );
  }
});

describe('mistakes that end a stream', () => {
  for (const [title, code, ...frames] of streamMistakes) {
    test(
      `RFC 9113 ${title}`,
      withRig({}, async (rig) => {
        rig.onEnd = () => {};
        const peer = rig.peer();
        peer.send(...frames);
        const { reset, heads } = await peer.answer(1);
        assert.equal(reset, code);
        assert.deepEqual(heads, []);
        rig.onEnd = ({ stream }) => stream.end(answerHead);
        assert.equal((await peer.call(7)).ended, true, 'the connection goes on');
        assert.deepEqual(peer.log.goAways, []);
      }),
    );
  }

  test(
    'DATA on a stream that both sides ended is an error of the stream',
    withRig({}, async (rig) => {
      const peer = rig.peer();
      await peer.call(1);
      peer.send(dataFrame(1, 'more'));
      await peer.until((log) => log.answer(1).reset === streamClosed, 'the stream is reset');
      assert.equal((await peer.call(3)).body.toString(), 'hello');
    }),
  );

  test(
    'what is under way on a stream that the server has reset is no error',
    withRig({}, async (rig) => {
      rig.onRequest = ({ stream }) => stream.reset(errorCode.refusedStream);
      const peer = rig.peer();
      peer.send(headersFrame(1));
      assert.equal((await peer.answer(1)).reset, errorCode.refusedStream);
      peer.send(dataFrame(1, 'late'), windowUpdate(1, 5), headersFrame(1, true, [['x', 'y']]), resetFrame(1));
      rig.onRequest = () => {};
      assert.equal((await peer.call(3)).body.toString(), 'hello');
      assert.equal(peer.log.of(frameType.rstStream).length, 1);
    }),
  );
});

describe('what is no mistake', () => {
  const harmless: readonly (readonly [title: string, ...frames: Buffer[]])[] = [
    ['PRIORITY on an idle stream', frame(2, 0, 9, bytes(0, 0, 0, 3, 1))],
    ['unknown frames anywhere', frame(99, 0xff, 0, eight), frame(10, 0, 5), frame(0xff, 1, 2 ** 31 - 1)],
    ['unknown settings', settingsFrame([99, 2 ** 32 - 1], [0, 0])],
    ['unknown flags', frame(6, 0xfe, 0, eight), frame(4, 0xfe, 0)],
    ['a PING nobody asked for', pingFrame('whatever', true)],
    ['an acknowledgement nobody waits for', frame(4, flag.ack, 0)],
    ['the reserved bit of a stream', numberFrame(8, 0, 2 ** 31 + 5)],
  ];
  for (const [title, ...frames] of harmless) {
    test(
      title,
      withRig({}, async (rig) => {
        const peer = rig.peer();
        peer.send(...frames);
        assert.equal((await peer.call(11)).body.toString(), 'hello');
        assert.deepEqual(peer.log.goAways, []);
      }),
    );
  }
});
