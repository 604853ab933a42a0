import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { decodeInferRequest } from '../../src/frontends/grpc/codec/infer-request.js';
import { inferPath } from '../../src/loadtest/payload.js';
import { echoFrame } from '../echo-methods.js';
import { announcePort } from '../server-process.js';

// The echo over node:http2 without a gRPC library: this server's codec, large windows, one write for each answer.

const windowBytes = 8 * 1024 * 1024;
const server = createServer({
  settings: { initialWindowSize: windowBytes },
  maxSessionMemory: 1024,
});
server.on('session', (session) => session.setLocalWindowSize(windowBytes));
server.on('stream', (stream, headers) => {
  stream.on('error', () => {});
  if (headers[':path'] !== inferPath) {
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '12' },
      { endStream: true },
    );
    return;
  }
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('end', () => answer(stream, chunks));
});
server.listen(0, '127.0.0.1', () => announcePort((server.address() as AddressInfo).port));

const answerHeaders = { ':status': 200, 'content-type': 'application/grpc' };
const trailers = { 'grpc-status': '0' };

function answer(stream: ServerHttp2Stream, chunks: readonly Buffer[]): void {
  if (stream.destroyed) return;
  const [first] = chunks;
  const body = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
  const message = echoFrame(decodeInferRequest(body.subarray(5)));
  const bytes = Buffer.allocUnsafe(5 + message.byteLength);
  bytes[0] = 0;
  bytes.writeUInt32BE(message.byteLength, 1);
  message.copy(bytes, 5);
  stream.respond(answerHeaders, { waitForTrailers: true });
  stream.on('wantTrailers', () => {
    if (!stream.destroyed) stream.sendTrailers(trailers);
  });
  stream.end(bytes);
}
