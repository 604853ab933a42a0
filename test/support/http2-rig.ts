import assert from 'node:assert/strict';
import type { TlsOptions } from 'node:tls';
import { repeated } from '../../src/http2/hpack/encoder.js';
import type { Field } from '../../src/http2/hpack/field.js';
import type { KeepaliveOptions } from '../../src/http2/keepalive.js';
import { defaultLimits, type LimitName, type Limits } from '../../src/http2/limits.js';
import type { RequestHead } from '../../src/http2/request-head.js';
import { Http2Server } from '../../src/http2/server.js';
import type { Body, Stream } from '../../src/http2/stream.js';
import { eventually } from './eventually.js';
import { Http2Peer, type PeerSetup } from './http2-peer.js';

/** Nobody is pinged, and everybody may ping. */
export const quietKeepalive: KeepaliveOptions = {
  timeMs: 7_200_000,
  timeoutMs: 20_000,
  withoutStreams: true,
  pingsWithoutDataMax: 0,
  peerIntervalMs: 0,
  strikesMax: 0,
};

export const answerHead: readonly Field[] = [repeated(':status', '200')];

/** A request, and what its stream was told. */
export interface Served {
  readonly stream: Stream;
  /** Undefined when its fields were too large. */
  readonly head: RequestHead | undefined;
  readonly chunks: Buffer[];
  ended: boolean;
  drains: number;
  standstills: number;
  /** The codes of `onClose`: one, when all is well. */
  readonly closes: number[];
}

export interface RigSetup {
  readonly limits?: Partial<Limits>;
  readonly keepalive?: Partial<KeepaliveOptions>;
  readonly tls?: TlsOptions;
  readonly connectionAgeMs?: number;
  readonly connectionAgeGraceMs?: number;
}

/** Bytes as a body. */
export function bodyOf(bytes: Buffer): Body {
  return {
    byteLength: bytes.byteLength,
    copy: (target, at, from, to) => bytes.copy(target, at, from, to),
  };
}

/** A server whose requests do what the test says; at first they echo. */
export class Http2Rig {
  readonly server: Http2Server;
  readonly served: Served[] = [];
  port = 0;
  onRequest: (served: Served) => void = () => {};
  onData: (served: Served) => void = () => {};
  onEnd: (served: Served) => void = (served) => answer(served, Buffer.concat(served.chunks));
  onStandstill: (served: Served) => void = ({ stream }) => stream.reset(8);
  onClose: (served: Served) => void = () => {};
  readonly #peers: Http2Peer[] = [];

  constructor({ limits, keepalive, tls, connectionAgeMs, connectionAgeGraceMs }: RigSetup = {}) {
    const options = {
      host: '127.0.0.1',
      port: 0,
      reusePort: false,
      tls,
      limits: { ...defaultLimits, ...limits },
      keepalive: { ...quietKeepalive, ...keepalive },
      connectionAgeMs,
      connectionAgeGraceMs,
    };
    this.server = new Http2Server(options, () => ({
      onRequest: (stream, head) => this.#take(stream, head),
      onTooLarge: (stream) => this.#take(stream, undefined),
    }));
  }

  peer(setup?: PeerSetup): Http2Peer {
    const peer = new Http2Peer(this.port, setup);
    this.#peers.push(peer);
    return peer;
  }

  /** The request that came as number `index`. */
  async request(index: number): Promise<Served> {
    await eventually(() => this.served.length > index, `request ${index} has come`);
    return this.served[index]!;
  }

  /** Ends all connections; nothing may be left of them, and every stream was told of its end once. */
  async close(): Promise<void> {
    for (const peer of this.#peers) peer.destroy();
    await eventually(() => this.server.connectionCount === 0, 'all connections are gone');
    this.server.close();
    assert.equal(this.server.pendingBytes, 0, 'bytes that still wait');
    for (const { closes } of this.served) assert.equal(closes.length, 1, 'ends of a stream');
  }

  #take(stream: Stream, head: RequestHead | undefined): void {
    const served: Served = {
      stream,
      head,
      chunks: [],
      ended: false,
      drains: 0,
      standstills: 0,
      closes: [],
    };
    this.served.push(served);
    stream.listen({
      onData: (bytes, start, end) => {
        assert.equal(served.closes.length, 0, 'data behind the end');
        served.chunks.push(Buffer.from(bytes.subarray(start, end)));
        this.onData(served);
      },
      onEnd: () => {
        served.ended = true;
        this.onEnd(served);
      },
      onStandstill: () => {
        served.standstills++;
        this.onStandstill(served);
      },
      onDrain: () => void served.drains++,
      onClose: (code) => {
        served.closes.push(code);
        this.onClose(served);
      },
    });
    this.onRequest(served);
  }
}

/** Answers with a body and an end. */
export function answer({ stream }: Served, bytes: Buffer): void {
  stream.sendHeaders(answerHead);
  stream.send(bodyOf(bytes));
  stream.end();
}

/** The limits that were met, and how often. */
export function met(rig: Http2Rig): Partial<Record<LimitName, number>> {
  return Object.fromEntries(Object.entries(rig.server.counts).filter(([, count]) => count > 0));
}

/** Runs a test with a server of its own. */
export function withRig(setup: RigSetup, act: (rig: Http2Rig) => Promise<void>): () => Promise<void> {
  return async () => {
    const rig = new Http2Rig(setup);
    rig.port = await rig.server.listen();
    try {
      await act(rig);
      await rig.close();
    } finally {
      rig.server.close();
    }
  };
}
