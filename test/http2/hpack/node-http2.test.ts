// Our decoder and encoder against those of node:http2 (nghttp2), over frames on a socket.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import net from 'node:net';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { HpackDecoder } from '../../../src/http2/hpack/decoder.js';
import { blockBytesMax, HpackEncoder, repeated } from '../../../src/http2/hpack/encoder.js';
import { Field } from '../../../src/http2/hpack/field.js';
import { pairs } from '../../support/hpack.js';
import { frame } from '../../support/raw-http2.js';

type Pairs = [string, string][];

const types = { headers: 1, settings: 4, continuation: 9 } as const;
const flags = { ack: 1, endStream: 1, endHeaders: 4, padded: 8, priority: 0x20 } as const;
const prefaceBytes = 24;
const headerTableSize = 1;

/** Just enough of a server to exchange header lists: answers each request with the list that is next. */
class HeaderServer {
  readonly received: (Pairs | string)[] = [];
  answer: readonly Field[] = [];
  readonly #socket: net.Socket;
  readonly #decoder: HpackDecoder;
  readonly #encoder = new HpackEncoder();
  #unread: Buffer = Buffer.alloc(0);
  #block: Buffer = Buffer.alloc(0);

  constructor(socket: net.Socket, tableBytes: number) {
    this.#socket = socket;
    this.#decoder = new HpackDecoder({ tableBytes, listBytes: 1e6 });
    const setting = Buffer.alloc(6);
    setting.writeUInt16BE(headerTableSize);
    setting.writeUInt32BE(tableBytes, 2);
    socket.write(frame(types.settings, 0, 0, setting));
    let greeted = false;
    socket.on('data', (chunk) => {
      this.#unread = Buffer.concat([this.#unread, chunk]);
      if (!greeted && this.#unread.length < prefaceBytes) return;
      if (!greeted) this.#unread = this.#unread.subarray(prefaceBytes);
      greeted = true;
      this.#readFrames();
    });
  }

  #readFrames(): void {
    while (this.#unread.length >= 9) {
      const end = 9 + this.#unread.readUIntBE(0, 3);
      if (this.#unread.length < end) return;
      const [type = 0, flag = 0] = this.#unread.subarray(3, 5);
      this.#take({ type, flag, stream: this.#unread.readUInt32BE(5) }, this.#unread.subarray(9, end));
      this.#unread = this.#unread.subarray(end);
    }
  }

  #take({ type, flag, stream }: { type: number; flag: number; stream: number }, payload: Buffer): void {
    if (type === types.settings && flag !== flags.ack) {
      for (let at = 0; at < payload.length; at += 6) {
        if (payload.readUInt16BE(at) === headerTableSize) {
          this.#encoder.setTableBytes(payload.readUInt32BE(at + 2));
        }
      }
      this.#socket.write(frame(types.settings, flags.ack, 0));
    }
    if (type !== types.headers && type !== types.continuation) return;
    assert.equal(flag & flags.padded, 0);
    const prioritised = type === types.headers && (flag & flags.priority) !== 0;
    this.#block = Buffer.concat([this.#block, payload.subarray(prioritised ? 5 : 0)]);
    if ((flag & flags.endHeaders) === 0) return;
    this.received.push(pairs(this.#decoder.decode(this.#block, 0, this.#block.length)));
    this.#block = Buffer.alloc(0);
    this.#respond(stream);
  }

  #respond(stream: number): void {
    const target = Buffer.alloc(blockBytesMax(this.answer));
    const block = target.subarray(0, this.#encoder.encode(this.answer, target, 0));
    const partBytes = 16_384;
    for (let at = 0; at < block.length; at += partBytes) {
      const type = at === 0 ? types.headers : types.continuation;
      const ends = (at === 0 ? flags.endStream : 0) | (at + partBytes >= block.length ? flags.endHeaders : 0);
      this.#socket.write(frame(type, ends, stream, block.subarray(at, at + partBytes)));
    }
  }
}

interface Pair {
  readonly client: http2.ClientHttp2Session;
  readonly server: HeaderServer;
}

/** A connected pair, for as long as `use` lasts. */
async function connected(tableBytes: number, use: (pair: Pair) => Promise<void>): Promise<void> {
  const listener = net.createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const accepted = once(listener, 'connection');
  const { port } = listener.address() as net.AddressInfo;
  const client = http2.connect(`http://127.0.0.1:${port}`, { maxDeflateDynamicTableSize: tableBytes });
  const [socket] = (await accepted) as [net.Socket];
  try {
    await use({ client, server: new HeaderServer(socket, tableBytes) });
  } finally {
    client.destroy();
    socket.destroy();
    listener.close();
  }
}

interface Request {
  readonly fields: Record<string, string | string[]>;
  /** Names whose values are sent as never to be indexed. */
  readonly secrets: string[];
}

/** Sends a request; gives the answer's fields in their order. */
async function call(client: http2.ClientHttp2Session, { fields, secrets }: Request): Promise<Pairs> {
  const stream = client.request({ ...fields, [http2.sensitiveHeaders]: secrets }, { endStream: true });
  const [, , raw] = (await once(stream, 'response')) as [unknown, unknown, string[]];
  stream.close();
  return Array.from({ length: raw.length / 2 }, (_, n) => [raw[n * 2]!, raw[n * 2 + 1]!]);
}

async function agree({ client, server }: Pair, request: Request, answer: readonly Field[]): Promise<void> {
  server.answer = answer;
  assert.deepEqual(await call(client, request), pairs(answer));
  const sent = Object.entries(request.fields).flatMap(([name, value]) =>
    [value].flat().map((value) => [name, value]),
  );
  assert.deepEqual(server.received.pop(), sent);
}

const octets = fc.oneof(fc.integer({ min: 0x20, max: 0x7e }), fc.integer({ min: 0x80, max: 0xff }));
const value = fc
  .oneof(
    fc.constantFrom('', 'application/grpc', '1000m', 'gzip'),
    fc.array(octets, { maxLength: 80 }).map((list) => Buffer.from(list).toString('latin1')),
  )
  // Not String.trim, which takes 0xa0 as well.
  .map((text) => text.replaceAll(/^ +| +$/g, ''));
const name = fc.oneof(
  fc.constantFrom('user-agent', 'content-type', 'grpc-timeout', 'grpc-accept-encoding', 'server', 'via'),
  fc.stringMatching(/^x[a-z0-9-]{0,12}$/),
);

const request: fc.Arbitrary<Request> = fc
  .record({
    path: fc.constantFrom('/', '/inference.GRPCInferenceService/ModelInfer', '/other'),
    more: fc.uniqueArray(fc.tuple(name, value), { maxLength: 12, selector: ([name]) => name }),
    several: fc.array(value, { maxLength: 3 }),
    secrets: fc.array(fc.nat(11), { maxLength: 2 }),
  })
  .map(({ path, more, several, secrets }) => ({
    fields: {
      ':method': 'POST',
      ':path': path,
      ':scheme': 'http',
      ':authority': 'localhost',
      ...Object.fromEntries(more),
      'y-several': several,
    },
    secrets: secrets.flatMap((n) => more[n]?.[0] ?? []),
  }));

const answerField = fc
  .tuple(name, value, fc.boolean())
  .map(([name, value, again]) => (again ? repeated(name, value) : new Field(name, value)));

const step = fc.record({
  request,
  /** What the client announces before the call. */
  tableBytes: fc.option(fc.oneof(fc.nat(300), fc.nat(5000), fc.constant(0)), { freq: 2 }),
  status: fc.constantFrom('200', '404', '418'),
  answer: fc.array(fc.nat(), { maxLength: 12 }),
});

test('node:http2 and we understand each other, over any requests, answers and table sizes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(0, 100, 4096, 65_536),
      fc.array(answerField, { minLength: 1, maxLength: 10 }),
      fc.array(step, { minLength: 1, maxLength: 12 }),
      async (tableBytes, pool, steps) =>
        connected(tableBytes, async (pair) => {
          for (const { request, tableBytes, status, answer } of steps) {
            if (tableBytes !== null) {
              await new Promise<void>((resolve) => {
                pair.client.settings({ headerTableSize: tableBytes }, () => resolve());
              });
            }
            const fields = answer.map((n) => pool[n % pool.length]!);
            await agree(pair, request, [repeated(':status', status), ...fields]);
          }
        }),
    ),
    { seed: 7541, numRuns: 30 },
  );
});

test('node:http2 and we understand each other when a list takes several frames', async () => {
  await connected(4096, async (pair) => {
    const long = Array.from({ length: 3 }, (_, n) => String.fromCharCode(0xe0 + n).repeat(9000));
    const fields = { ':method': 'GET', ':path': '/', ':scheme': 'http', ':authority': 'a', 'x-long': long };
    const answer = [new Field(':status', '200'), ...long.map((value) => new Field('x-long', value))];
    for (let n = 0; n < 2; n++) await agree(pair, { fields, secrets: [] }, answer);
  });
});
