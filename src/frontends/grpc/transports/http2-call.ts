import type { OnFailure } from '../../../server/failure-log.js';
import { errorCode } from '../../../http2/frames.js';
import { nowUs } from '../../../inference/now.js';
import type { Peer } from '../../../http2/server.js';
import type { Stream } from '../../../http2/stream.js';
import { statusCode, type GrpcStatus } from '../status.js';
import { toFailure } from '../call-failure.js';
import type { Call } from '../transport.js';
import type { Deadlines } from './deadlines.js';
import type { Decompressor } from './decompression.js';
import { failedAnswer, failedTrailers, type AnswerMetadata } from './http2-answer.js';
import type { CallBegin } from './http2-head.js';
import { messageBytesMax } from '../codec/infer-response.js';
import type { Refusal, MessageStore } from './message-reader.js';

/** What the calls of a connection share. */
export interface CallShare {
  readonly onFailure: OnFailure | undefined;
  readonly peer: Peer;
  readonly deadlines: Deadlines;
  /** Calls that have not ended. */
  readonly count: { open: number };
  readonly store: MessageStore;
  readonly decompressor: Decompressor;
}

/** When a call must be answered, in milliseconds since 1970. */
export function deadlineOf({ timeoutMs }: CallBegin): number {
  return timeoutMs === Infinity ? Infinity : Date.now() + timeoutMs;
}

/** When a call has come, where its method is timed; else 0. */
export function startOf({ method }: CallBegin): number {
  return method.kind === 'unary' && method.timed?.() === true ? nowUs() : 0;
}

/** The first value of a metadata key; binary values as latin1 text. */
export function metadataValue({ request }: CallBegin, key: string): string | undefined {
  for (const { name, value } of request.fields) {
    if (name !== key) continue;
    return readable(key, value);
  }
  return undefined;
}

/** Fields that speak of the call to gRPC itself; others with its prefix too. */
const ownFields: ReadonlySet<string> = new Set(['te', 'content-type', 'content-length', 'accept-encoding']);

/** What a client has sent beside what gRPC itself reads. */
export function* allMetadata({ request }: CallBegin): Generator<readonly [string, string]> {
  for (const { name, value } of request.fields) {
    if (name.startsWith(':') || name.startsWith('grpc-') || ownFields.has(name)) continue;
    yield [name, readable(name, value)];
  }
}

function readable(key: string, value: string): string {
  return key.endsWith('-bin') ? Buffer.from(value, 'base64').toString('latin1') : value;
}

export const deadlineExceeded: GrpcStatus = {
  code: statusCode.deadlineExceeded,
  details: 'Deadline Exceeded',
};

/** gRPC's own code for a call that must have one message and has not. */
export const notOneMessage: GrpcStatus = {
  code: statusCode.unimplemented,
  details: 'the call has no whole message or more than one, expected exactly one',
};

export const standstill: GrpcStatus = {
  code: statusCode.unavailable,
  details: 'the request stood still for longer than the receive timeout',
};

export const tooMuchPending: GrpcStatus = {
  code: statusCode.resourceExhausted,
  details: 'the client does not read its answers: too many bytes of them are pending',
};

export function refusalStatus(refusal: Refusal): GrpcStatus {
  switch (refusal.kind) {
    case 'too-large':
      return {
        code: statusCode.resourceExhausted,
        details: `Received message larger than max (${refusal.length} vs ${messageBytesMax})`,
      };
    case 'server-full':
      return {
        code: statusCode.unavailable,
        details:
          'the server receives too many bytes of requests at once, try again later (--grpc-max-receiving-bytes)',
      };
    case 'bad-flag':
      return {
        code: statusCode.internal,
        details: `message has the flag ${refusal.flag}, expected 0 or 1`,
      };
  }
}

/** Has it heard that a call ends with a status. */
export function tellFailed({ onFailure }: CallShare, call: Call, head: CallBegin, status: GrpcStatus): void {
  if (onFailure === undefined) return;
  const failure = toFailure(call, head.method.path, status);
  if (failure !== undefined) onFailure(failure);
}

/** Ends a call as far as its peer can still be told how. */
export function breakOff(stream: Stream, status: GrpcStatus, headersSent: boolean): void {
  if (!stream.writable) stream.reset(errorCode.cancel);
  else if (headersSent) stream.end(failedTrailers(status));
  else answerFailed(stream, status);
}

/** Answers a call that has no answer yet with a status. */
export function answerFailed(stream: Stream, status: GrpcStatus, added?: AnswerMetadata): void {
  stream.end(failedAnswer(status, added));
}
