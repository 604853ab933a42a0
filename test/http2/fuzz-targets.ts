import { Http2Transport } from '../../src/frontends/grpc/transports/http2.js';
import { errorCode } from '../../src/http2/frames.js';
import { repeated } from '../../src/http2/hpack/encoder.js';
import { defaultLimits } from '../../src/http2/limits.js';
import { Http2Server } from '../../src/http2/server.js';
import type { Stream } from '../../src/http2/stream.js';
import { paths, Rig } from '../frontends/grpc/transports/rig.js';
import { quietKeepalive } from '../support/http2-rig.js';
import { listenerOf } from '../support/memory-client.js';
import type { FuzzTarget } from './fuzzing.js';

export interface OpenTarget extends FuzzTarget {
  close(): void;
}

const answerHead = [repeated(':status', '200')];
const trailers = [repeated('x-status', '0')];

/** A plain server whose streams do what their first bytes say: pause, answer early or much, reset. */
export async function plainTarget(): Promise<OpenTarget> {
  const open = { streams: 0 };
  const options = { host: '127.0.0.1', port: 0, reusePort: false, tls: undefined, limits: defaultLimits };
  const ages = { connectionAgeMs: undefined, connectionAgeGraceMs: undefined };
  const server = new Http2Server({ ...options, ...ages, keepalive: quietKeepalive }, () => ({
    onRequest: (stream) => serve(stream, open),
    onTooLarge: (stream) => stream.end(answerHead),
  }));
  const listener = await listenerOf(await server.listen());
  return {
    name: 'http2',
    paths: ['/'],
    listener,
    leftovers: () => ({
      connections: server.connectionCount,
      pendingBytes: server.pendingBytes,
      streams: open.streams,
    }),
    close: () => server.close(),
  };
}

function serve(stream: Stream, open: { streams: number }): void {
  open.streams++;
  let told = false;
  const chunks: Buffer[] = [];
  stream.awaited = true;
  stream.listen({
    onData(bytes, start, end) {
      if (told) throw new Error('data behind the end');
      chunks.push(Buffer.from(bytes.subarray(start, end)));
      const what = (bytes[end - 1] ?? 0) & 0x1f;
      if (what === 1) stream.pause();
      else if (what === 2) stream.resume();
      else if (what === 3) stream.reset(errorCode.cancel);
      else if (what === 4) stream.sendHeaders(answerHead);
      else if (what === 5) stream.send(Buffer.alloc(200_000));
      else if (what === 6) setImmediate(() => stream.end());
    },
    onEnd() {
      if (told) throw new Error('the end behind the end');
      stream.sendHeaders(answerHead);
      stream.send(Buffer.concat(chunks));
      setImmediate(() => stream.end(trailers));
    },
    onStandstill: () => stream.reset(errorCode.cancel),
    onDrain() {},
    onClose() {
      if (told) throw new Error('the end twice');
      told = true;
      open.streams--;
    },
  });
}

/** gRPC on our transport; its calls echo, at once or later, or fail. */
export async function grpcTarget(): Promise<OpenTarget> {
  const rig = new Rig((methods, options) => new Http2Transport(methods, options));
  rig.service.unary = async (request) => {
    const first = request[0] ?? 0;
    if (first % 4 === 1) await new Promise((resolve) => setImmediate(resolve));
    if (first % 16 === 2) throw new Error('a call that fails');
    return first % 16 === 4 ? Buffer.alloc(100_000) : Buffer.from(request);
  };
  await rig.listen();
  const listener = await listenerOf(rig.port);
  return {
    name: 'gRPC',
    paths: [...Object.values(paths), '/test.TestService/None'],
    listener,
    leftovers: () => ({ calls: rig.transport.callCount }),
    close: () => rig.transport.close(),
  };
}
