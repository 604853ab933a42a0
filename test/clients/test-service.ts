import protobuf from 'protobufjs';
import path from 'node:path';
import type { Call, Codec, Method, StreamCall, StreamHandler } from '../../src/frontends/grpc/transport.js';
import { InferenceError, type ErrorCode } from '../../src/inference/error.js';
import { root } from '../support/server.js';
import { AnswerQueue, type Answer } from './answer-queue.js';

/** The service that gRPC's public interoperability clients call, over our tables of methods. */

interface Payload {
  readonly body: Uint8Array;
}

interface EchoStatus {
  readonly code: number;
  readonly message: string;
}

interface SimpleRequest {
  readonly responseSize: number;
  readonly payload: Payload | null;
  readonly responseStatus: EchoStatus | null;
  readonly expectCompressed: unknown;
  readonly fillServerId: boolean;
}

interface StreamRequest {
  readonly payload: Payload | null;
  readonly responseParameters: readonly Answer[];
  readonly responseStatus: EchoStatus | null;
  readonly expectCompressed: unknown;
}

const schema = new protobuf.Root();
schema.resolvePath = (_origin, target) => path.join(root, 'test/clients/protos', path.basename(target));
schema.loadSync('test.proto');

function codec<Request>(requestName: string, responseName: string): Codec<Request, object> {
  const request = schema.lookupType(`grpc.testing.${requestName}`);
  const response = schema.lookupType(`grpc.testing.${responseName}`);
  return {
    decode: (bytes) => request.decode(bytes) as unknown as Request,
    encode: (message) => Buffer.from(response.encode(response.fromObject(message)).finish()),
  };
}

/** The codes of the protocol that InferenceError has; the tests ask for UNKNOWN. */
const codes: Readonly<Record<number, ErrorCode>> = {
  1: 'cancelled',
  2: 'unknown',
  3: 'invalid-argument',
  5: 'not-found',
  6: 'already-exists',
  12: 'unsupported',
  13: 'internal',
  14: 'unavailable',
};

function wantedFailure(status: EchoStatus | null): InferenceError | undefined {
  if (!status || status.code === 0) return undefined;
  return new InferenceError(codes[status.code] ?? 'unknown', status.message);
}

/** A call does not tell whether its messages came compressed: what asks for that cannot be judged. */
function refuseExpectation(request: { readonly expectCompressed: unknown }): void {
  if (!request.expectCompressed) return;
  throw new InferenceError('unsupported', 'this server cannot tell whether a request was compressed');
}

function payloadOf(size: number): object {
  return { payload: { body: Buffer.alloc(size) } };
}

/** A client may ask to get metadata of its own back. */
function echoMetadata(call: Call): void {
  const [first, last] = ['x-grpc-test-echo-initial', 'x-grpc-test-echo-trailing-bin'] as const;
  const [initial, trailing] = [call.metadata(first), call.metadata(last)];
  if (initial !== undefined) call.addInitialMetadata(first, initial);
  if (trailing !== undefined) call.addTrailingMetadata(last, trailing);
}

async function answerOnce(request: SimpleRequest, call: Call): Promise<object> {
  echoMetadata(call);
  refuseExpectation(request);
  const failure = wantedFailure(request.responseStatus);
  if (failure) throw failure;
  return { ...payloadOf(request.responseSize), serverId: request.fillServerId ? 'the only one' : '' };
}

function countBytes(call: StreamCall<object>): StreamHandler<StreamRequest> {
  let bytes = 0;
  return {
    onMessage(request) {
      if (request.expectCompressed) call.fail(new InferenceError('unsupported', 'cannot tell'));
      else bytes += request.payload?.body.byteLength ?? 0;
    },
    onEnd() {
      call.write({ aggregatedPayloadSize: bytes });
      call.end();
    },
  };
}

function answerEach(call: StreamCall<object>): StreamHandler<StreamRequest> {
  echoMetadata(call);
  const queue = new AnswerQueue(call, payloadOf);
  return {
    onMessage(request) {
      const failure = wantedFailure(request.responseStatus);
      if (failure) call.fail(failure);
      else queue.add(request.responseParameters);
    },
    onEnd: () => queue.end(),
    onDrain: () => queue.resume(),
  };
}

function answerAtEnd(call: StreamCall<object>): StreamHandler<StreamRequest> {
  const queue = new AnswerQueue(call, payloadOf);
  const wanted: Answer[] = [];
  return {
    onMessage: (request) => void wanted.push(...request.responseParameters),
    onEnd() {
      queue.add(wanted);
      queue.end();
    },
    onDrain: () => queue.resume(),
  };
}

export function interopMethods(): Method[] {
  const at = (name: string) => `/grpc.testing.TestService/${name}`;
  const output = codec<StreamRequest>('StreamingOutputCallRequest', 'StreamingOutputCallResponse');
  const input = codec<StreamRequest>('StreamingInputCallRequest', 'StreamingInputCallResponse');
  const stream = { kind: 'stream', compress: true, codec: output } as const;
  return [
    { kind: 'unary', path: at('EmptyCall'), codec: codec('Empty', 'Empty'), handle: async () => ({}) },
    {
      kind: 'unary',
      path: at('UnaryCall'),
      compress: true,
      codec: codec<SimpleRequest>('SimpleRequest', 'SimpleResponse'),
      handle: answerOnce,
    },
    { ...stream, path: at('StreamingOutputCall'), clientStreams: false, open: answerEach },
    { ...stream, path: at('StreamingInputCall'), codec: input, clientStreams: true, open: countBytes },
    { ...stream, path: at('FullDuplexCall'), clientStreams: true, open: answerEach },
    { ...stream, path: at('HalfDuplexCall'), clientStreams: true, open: answerAtEnd },
  ];
}
