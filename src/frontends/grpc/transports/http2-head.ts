import type { RequestHead } from '../../../http2/request-head.js';
import { statusCode } from '../status.js';
import type { CompressionLevel, Method } from '../transport.js';
import { chooseCompression, type Compression } from './compression.js';

/** What a request's head says about its call. Clients repeat themselves: one is read for many calls. */
export type CallHead =
  | CallBegin
  /** No gRPC: answered by HTTP. */
  | { readonly kind: 'not-grpc'; readonly httpStatus: number }
  | { readonly kind: 'refused'; readonly code: number; readonly message: string };

export interface CallBegin {
  readonly kind: 'call';
  readonly method: Method;
  /** Infinity when the client named none. */
  readonly timeoutMs: number;
  /** How its compressed messages are compressed, as the client says it. */
  readonly encoding: string;
  /** How answers may be compressed for it. */
  readonly answerEncoding: Compression | undefined;
  readonly request: RequestHead;
}

/** Reads a request's head as gRPC over HTTP/2 has it. */
export function readCallHead(
  request: RequestHead,
  methods: ReadonlyMap<string, Method>,
  level: CompressionLevel,
): CallHead {
  let contentType = '';
  let timeout: string | undefined;
  let encoding = 'identity';
  let accepted: string | undefined;
  for (const { name, value } of request.fields) {
    if (name === 'content-type') contentType = value;
    else if (name === 'grpc-timeout') timeout = value;
    else if (name === 'grpc-encoding') encoding = value;
    else if (name === 'grpc-accept-encoding') accepted = value;
  }
  if (!/^application\/grpc($|[+;])/.test(contentType)) return { kind: 'not-grpc', httpStatus: 415 };
  if (request.method !== 'POST') return { kind: 'not-grpc', httpStatus: 405 };
  const method = methods.get(request.path);
  if (method === undefined) {
    const message = `The server does not implement the method ${request.path}`;
    return { kind: 'refused', code: statusCode.unimplemented, message };
  }
  const timeoutMs = timeout === undefined ? Infinity : readTimeoutMs(timeout);
  if (timeoutMs === undefined) {
    const message = `grpc-timeout is '${timeout}', expected up to 8 digits and one of H, M, S, m, u, n`;
    return { kind: 'refused', code: statusCode.internal, message };
  }
  return {
    kind: 'call',
    method,
    timeoutMs,
    encoding,
    answerEncoding:
      method.compress === true && level !== 'none' ? chooseCompression(level, accepted) : undefined,
    request,
  };
}

const unitMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 0.001,
  n: 0.000001,
};

function readTimeoutMs(text: string): number | undefined {
  const unit = unitMs[text.slice(-1)];
  const digits = text.slice(0, -1);
  return unit === undefined || !/^\d{1,8}$/.test(digits) ? undefined : Number(digits) * unit;
}
