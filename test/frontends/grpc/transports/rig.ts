import assert from 'node:assert/strict';
import type {
  Call,
  Codec,
  Method,
  StreamCall,
  StreamHandler,
  Transport,
  TransportOptions,
  WireMessage,
} from '../../../../src/frontends/grpc/transport.js';
import { eventually, turns } from '../../../support/eventually.js';
import { plainTransport } from '../../../support/server.js';
import { BytesClient } from './bytes-client.js';
import { RawClient } from './raw-client.js';

export { eventually, turns };

export type CreateTransport = (methods: readonly Method[], options: TransportOptions) => Transport;

export const paths = {
  /** One message in, one out, compressed when the server compresses. */
  unary: '/test.TestService/Unary',
  /** The same, never compressed. */
  plain: '/test.TestService/Plain',
  /** One message in, many out. */
  serve: '/test.TestService/Serve',
  /** Many in, many out. */
  talk: '/test.TestService/Talk',
} as const;

/** Bytes as they are; those that say `unreadable` are no message. */
const codec: Codec<Uint8Array, WireMessage> = {
  decode(bytes) {
    if (bytes.byteLength === 10 && Buffer.from(bytes).toString() === 'unreadable')
      throw new Error('no message');
    return bytes;
  },
  encode: (message) => message,
};

export type Unary = (request: Uint8Array, call: Call) => Promise<WireMessage>;
export type Open = (call: StreamCall<WireMessage>) => StreamHandler<Uint8Array>;

/** What the methods do is the test's own; at first they echo. */
export class TestService {
  unary: Unary = async (request) => Buffer.from(request);
  open: Open = (call) => ({
    onMessage: (request) => {
      if (!call.write(Buffer.from(request))) call.pause();
    },
    onEnd: () => call.end(),
    onDrain: () => call.resume(),
  });

  methods(): Method[] {
    const handle: Unary = (request, call) => this.unary(request, call);
    const open: Open = (call) => this.open(call);
    return [
      { kind: 'unary', path: paths.unary, codec, handle, compress: true },
      { kind: 'unary', path: paths.plain, codec, handle },
      { kind: 'stream', path: paths.serve, codec, open, compress: true, clientStreams: false },
      { kind: 'stream', path: paths.talk, codec, open, compress: true, clientStreams: true },
    ];
  }
}

/** A transport with the test service, listening, and clients of it. */
export class Rig {
  readonly service = new TestService();
  readonly transport: Transport;
  port = 0;
  readonly #clients: (BytesClient | RawClient)[] = [];

  constructor(create: CreateTransport, options: Partial<TransportOptions> = {}) {
    this.transport = create(this.service.methods(), { ...plainTransport, ...options });
  }

  async listen(): Promise<void> {
    this.port = await this.transport.listen();
  }

  client(...rest: BytesClientRest): BytesClient {
    return this.#keep(new BytesClient(this.port, ...rest));
  }

  raw(...rest: RawClientRest): RawClient {
    return this.#keep(new RawClient(this.port, ...rest));
  }

  /** Every call has ended, and was counted once. */
  async settled(): Promise<void> {
    await eventually(() => this.transport.callCount === 0, 'callCount is 0');
    await turns(3);
    assert.equal(this.transport.callCount, 0);
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    try {
      await this.settled();
    } finally {
      this.transport.close();
    }
  }

  #keep<T extends BytesClient | RawClient>(client: T): T {
    this.#clients.push(client);
    return client;
  }
}

/** Starts a transport for a test, which is checked for calls left over and closed behind it. */
export type Start = (options?: Partial<TransportOptions>) => Promise<Rig>;

type BytesClientRest =
  ConstructorParameters<typeof BytesClient> extends [number, ...infer Rest] ? Rest : never;
type RawClientRest = ConstructorParameters<typeof RawClient> extends [number, ...infer Rest] ? Rest : never;

/** A promise and the way to settle it. */
export class Gate<T = void> {
  readonly promise: Promise<T>;
  open!: (value: T) => void;

  constructor() {
    this.promise = new Promise((resolve) => (this.open = resolve));
  }
}

/** Bytes that differ from place to place, so that a shifted or lost part shows. */
export function pattern(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let i = 0; i < Math.min(length, 65_521); i++) bytes[i] = (i * 31 + (i >> 8) * 7) & 0xff;
  for (let filled = 65_521; filled < length; filled *= 2) bytes.copy(bytes, filled, 0, filled);
  return bytes;
}

/** A number as a message, and back. */
export function numbered(value: number, size = 4): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function numberIn(bytes: Uint8Array): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset).readUInt32BE();
}
