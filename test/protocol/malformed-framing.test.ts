import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { inferenceMethod, TestClient } from '../support/client.js';
import {
  frame,
  framed,
  headerBlock,
  inferPath,
  preface,
  rawCall,
  sendBytes,
  type RawCall,
} from '../support/raw-http2.js';
import { startServer, testModels, type TestServer } from '../support/server.js';
import { expectHealthy, watchUncaught } from './malformed/probe.js';
import { status, type StatusName } from './malformed/row.js';
import { goodBytes } from './malformed/wire-rows.js';

let server: TestServer;
let client: TestClient;
const uncaught = watchUncaught();
const good = framed(goodBytes);
/** Some tenths of a second of work. */
const slow = framed(
  inferenceMethod('ModelInfer').requestSerialize({
    model_name: 'slow',
    inputs: [{ name: 'ITERATIONS', datatype: 'INT64', shape: [1] }],
    raw_input_contents: [Buffer.from(BigInt64Array.of(50_000n).buffer)],
  }),
);

before(async () => {
  server = await startServer({ repository: testModels });
  client = new TestClient(server.port);
});

after(async () => {
  client.close();
  await server.close();
  assert.equal(uncaught.count(), 0);
});

/** How a call ends: with a status of gRPC, a status of HTTP, or a reset without either. */
type End = StatusName | number | 'reset';

type FramingRow = readonly [what: string, call: RawCall, end: End, message?: string];

const encoding = (name: string): Record<string, string> => ({ 'grpc-encoding': name });

const messageRows: readonly FramingRow[] = [
  ['a proper call', { chunks: [good] }, 'OK'],
  ['a message byte by byte', { chunks: [...good].map((byte) => Buffer.from([byte])) }, 'OK'],
  ['a gzip message', { headers: encoding('gzip'), chunks: [framed(gzipSync(goodBytes), { flag: 1 })] }, 'OK'],
  [
    'a deflate message',
    { headers: encoding('deflate'), chunks: [framed(deflateSync(goodBytes), { flag: 1 })] },
    'OK',
  ],
  ['a plain message where gzip is announced', { headers: encoding('gzip'), chunks: [good] }, 'OK'],
  ['an unknown encoding that is not used', { headers: encoding('snappy'), chunks: [good] }, 'OK'],
  [
    'an unknown encoding',
    { headers: encoding('snappy'), chunks: [framed(goodBytes, { flag: 1 })] },
    'UNIMPLEMENTED',
  ],
  [
    'an encoding without a name',
    { headers: encoding(''), chunks: [framed(goodBytes, { flag: 1 })] },
    'UNIMPLEMENTED',
  ],
  ['garbage for gzip', { headers: encoding('gzip'), chunks: [framed(goodBytes, { flag: 1 })] }, 'INTERNAL'],
  [
    'nothing for gzip',
    { headers: encoding('gzip'), chunks: [framed(Buffer.alloc(0), { flag: 1 })] },
    'INTERNAL',
  ],
  [
    'gzip cut short',
    { headers: encoding('gzip'), chunks: [framed(gzipSync(goodBytes).subarray(0, 20), { flag: 1 })] },
    'INTERNAL',
  ],
  [
    'gzip of garbage',
    { headers: encoding('gzip'), chunks: [framed(gzipSync(Buffer.alloc(9, 255)), { flag: 1 })] },
    'INTERNAL',
    'Unable to parse request',
  ],
  [
    'deflate called gzip',
    { headers: encoding('gzip'), chunks: [framed(deflateSync(goodBytes), { flag: 1 })] },
    'INTERNAL',
  ],
  [
    'a length one too small',
    { chunks: [framed(goodBytes, { length: goodBytes.byteLength - 1 })] },
    'UNIMPLEMENTED',
  ],
  [
    'a length one too large',
    { chunks: [framed(goodBytes, { length: goodBytes.byteLength + 1 })] },
    'UNIMPLEMENTED',
  ],
  ['a length of 4 GiB', { chunks: [framed(goodBytes, { length: 0xffffffff })] }, 'RESOURCE_EXHAUSTED'],
  [
    'a length just over the limit',
    { chunks: [framed(goodBytes, { length: 2 ** 31 })] },
    'RESOURCE_EXHAUSTED',
  ],
  [
    'a length at the limit, of which little comes',
    { chunks: [framed(goodBytes, { length: 2 ** 31 - 1 })] },
    'UNIMPLEMENTED',
  ],
  ['two messages', { chunks: [good, good] }, 'UNIMPLEMENTED'],
  ['two messages in one frame', { chunks: [Buffer.concat([good, good])] }, 'UNIMPLEMENTED'],
  ['no message', {}, 'UNIMPLEMENTED'],
  [
    'an empty message',
    { chunks: [framed(Buffer.alloc(0))] },
    'NOT_FOUND',
    "Request for unknown model: '' is not found",
  ],
  ['half of a frame’s head', { chunks: [good.subarray(0, 3)] }, 'UNIMPLEMENTED'],
  ['half a message, then a reset', { chunks: [good.subarray(0, 20)], ending: 'reset' }, 'reset'],
  ['a reset at once', { ending: 'reset' }, 'reset'],
];

const path = (text: string): RawCall => ({ path: text, chunks: [good] });
const type = (text: string | undefined): RawCall => ({ headers: { 'content-type': text }, chunks: [good] });
const timeout = (text: string): RawCall => ({ headers: { 'grpc-timeout': text }, chunks: [good] });

const headerRows: readonly FramingRow[] = [
  ['an unknown method', path('/inference.GRPCInferenceService/Nope'), 'UNIMPLEMENTED'],
  ['an unknown service', path('/nope.Service/ModelInfer'), 'UNIMPLEMENTED'],
  ['a method in other case', path('/inference.GRPCInferenceService/modelInfer'), 'UNIMPLEMENTED'],
  ['a path with a query', path(`${inferPath}?x=1`), 'UNIMPLEMENTED'],
  ['the root', path('/'), 'UNIMPLEMENTED'],
  ['a path with percent signs', path('/%/%2F%zz'), 'UNIMPLEMENTED'],
  ['a path outside ASCII', path('/\u00e4/\u00ff\u00fe'), 'UNIMPLEMENTED'],
  ['a path of a property of objects', path('/__proto__'), 'UNIMPLEMENTED'],
  ['a path of 10,000 characters', path(`/${'x'.repeat(10_000)}`), 'UNIMPLEMENTED'],
  ['a path that does not begin with a slash', path('nope'), 'reset'],
  ['no content type', type(undefined), 415],
  ['plain text', type('text/plain'), 415],
  ['JSON', type('application/json'), 415],
  ['gRPC with a codec’s name', type('application/grpc+proto'), 'OK'],
  ['GET of an unknown path', { path: '/', headers: { ':method': 'GET', 'content-type': undefined } }, 415],
  ['no te header', { headers: { te: undefined }, chunks: [good] }, 'OK'],
  ['an empty timeout', timeout(''), 'INTERNAL'],
  ['a timeout without a unit', timeout('1'), 'INTERNAL'],
  ['a timeout without a number', timeout('S'), 'INTERNAL'],
  ['a timeout of an unknown unit', timeout('1X'), 'INTERNAL'],
  ['a timeout that is a word', timeout('soon'), 'INTERNAL'],
  [
    'a timeout that passes long before the answer',
    { headers: { 'grpc-timeout': '0n' }, chunks: [slow] },
    'DEADLINE_EXCEEDED',
  ],
  ['a timeout of 30 days', timeout('2592000S'), 'OK'],
  ['a timeout of 25,000 hours', timeout('25000H'), 'OK'],
  ['the longest timeout there is', timeout('99999999H'), 'OK'],
  ['metadata that is no base64', { headers: { 'x-bin': '***' }, chunks: [good] }, 'OK'],
  ['metadata outside ASCII', { headers: { 'x-name': '\u00e4\u00ff' }, chunks: [good] }, 'OK'],
];

function check([what, call, end, message]: FramingRow): void {
  test(`${what} → ${end}`, async () => {
    const outcome = await rawCall(server.port, call);
    if (end === 'reset') {
      assert.equal(outcome.grpcStatus, undefined);
      assert.notEqual(outcome.reset, 0);
    } else if (typeof end === 'number') {
      assert.equal(outcome.httpStatus, end);
    } else {
      assert.equal(outcome.grpcStatus, status[end]);
      if (message !== undefined) assert.equal(decodeURI(outcome.message), message);
    }
  });
}

describe("gRPC's frames", () => {
  for (const row of messageRows) check(row);

  test('a good request is answered afterwards', () => expectHealthy(client, server));
});

describe("gRPC's headers", () => {
  for (const row of headerRows) check(row);

  test('a good request is answered afterwards', () => expectHealthy(client, server));
});

const headers = (...more: readonly (readonly [string, string])[]): Buffer =>
  headerBlock([[':method', 'POST'], [':scheme', 'http'], [':authority', 'x'], ['te', 'trailers'], ...more]);
const opened = (stream: number, flags: number, where = inferPath, contentType = 'application/grpc'): Buffer =>
  frame(1, flags, stream, headers([':path', where], ['content-type', contentType]));
const reset = (stream: number): Buffer => frame(3, 0, stream, Buffer.from([0, 0, 0, 8]));
const endHeaders = 4;
const endBoth = 5;

/** A stream of numbers that is the same in every run. */
function noise(length: number): Buffer {
  let state = 7;
  return Buffer.from(Array.from({ length }, () => (state = (state * 1103515245 + 12345) % 2147483648) >> 16));
}

/** What is sent on a bare socket; the server says goodbye to every one of them. */
const connections: Readonly<Record<string, Buffer>> = {
  nothing: Buffer.alloc(0),
  'text instead of the preface': Buffer.from('hello, is there anybody out there?\r\n'),
  'random bytes': noise(5000),
  'a preface cut short': Buffer.from('PRI * HTTP/2.0\r\n'),
  'a preface without settings': Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    frame(0, 0, 1),
  ]),
  'a request of HTTP/1.1': Buffer.from('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc'),
  'the hello of TLS': Buffer.from('16030100a5010000a10303', 'hex'),
  'a frame larger than agreed': Buffer.concat([preface, frame(0, 0, 1, Buffer.alloc(20_000))]),
  'data on stream 0': Buffer.concat([preface, frame(0, 0, 0, Buffer.alloc(2))]),
  'a stream of an even number': Buffer.concat([preface, opened(2, endBoth)]),
  'broken header compression': Buffer.concat([preface, frame(1, endBoth, 1, Buffer.alloc(5, 0xff))]),
  'a window update of nothing': Buffer.concat([preface, frame(8, 0, 0, Buffer.alloc(4))]),
  'a ping of seven bytes': Buffer.concat([preface, frame(6, 0, 0, Buffer.alloc(7))]),
  'headers without their end, then data': Buffer.concat([preface, opened(1, 0), frame(0, 0, 1, good)]),
  'an unknown method and its reset at once': Buffer.concat([
    preface,
    opened(1, endHeaders, '/nope'),
    reset(1),
  ]),
  'a wrong content type and its reset at once': Buffer.concat([
    preface,
    opened(1, endHeaders, inferPath, 'x'),
    reset(1),
  ]),
  'a call and its reset at once': Buffer.concat([
    preface,
    opened(1, endHeaders),
    frame(0, 1, 1, good),
    reset(1),
  ]),
  'a call, and gone': Buffer.concat([preface, opened(1, endHeaders), frame(0, 1, 1, good)]),
  'a hundred calls and their resets at once': Buffer.concat([
    preface,
    ...Array.from({ length: 100 }, (_, i) =>
      Buffer.concat([opened(2 * i + 1, endHeaders), reset(2 * i + 1)]),
    ),
  ]),
  'a stream and its reset at once': Buffer.concat([
    preface,
    opened(1, endHeaders, '/inference.GRPCInferenceService/ModelStreamInfer'),
    frame(0, 0, 1, good),
    reset(1),
  ]),
};

describe('bytes on the socket', () => {
  for (const [what, bytes] of Object.entries(connections)) {
    test(`${what}: the server says goodbye`, async () => {
      assert.match(await sendBytes(server.port, bytes), /^(closed|goaway)$/);
    });
  }

  test('a good request is answered afterwards', () => expectHealthy(client, server));
});
