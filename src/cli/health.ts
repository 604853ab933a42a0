import { get } from 'node:http';
import { connect } from 'node:http2';

/** How a server answered to grpc.health.v1.Health/Check. */
export type Health =
  | { readonly kind: 'serving' }
  | { readonly kind: 'not-serving' }
  /** No answer, or one that is none. */
  | { readonly kind: 'unreachable'; readonly reason: string };

/** An empty HealthCheckRequest in gRPC's framing. */
const emptyMessage = Buffer.alloc(5);
const grpcStatusUnavailable = '14';
const servingStatus = 1;

export interface HealthQuestion {
  readonly address: string;
  /** Connect by TLS; whose certificate it is does not matter to a health check of one's own server. */
  readonly tls: boolean;
  readonly timeoutMs: number;
}

/**
 * Asks a server for its health, with nothing but Node's own HTTP/2, so that a container needs no other
 * tool for its health check. It gives up after `timeoutMs`.
 */
export function askHealth({ address, tls, timeoutMs }: HealthQuestion): Promise<Health> {
  return new Promise((resolve) => {
    const url = `${tls ? 'https' : 'http'}://${address}`;
    if (!URL.canParse(url)) {
      resolve({ kind: 'unreachable', reason: 'the address is no host:port' });
      return;
    }
    const session = connect(url, { rejectUnauthorized: false });
    const settle = (health: Health): void => {
      clearTimeout(timer);
      session.destroy();
      resolve(health);
    };
    const timer = setTimeout(
      () => settle({ kind: 'unreachable', reason: `no answer within ${timeoutMs} ms` }),
      timeoutMs,
    );
    session.on('error', (error) => settle({ kind: 'unreachable', reason: error.message }));
    const call = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const chunks: Buffer[] = [];
    let grpcStatus = '';
    const readStatus = (headers: Record<string, unknown>): void => {
      const status = headers['grpc-status'];
      if (typeof status === 'string') grpcStatus = status;
    };
    call.on('response', readStatus);
    call.on('trailers', readStatus);
    call.on('data', (chunk: Buffer) => chunks.push(chunk));
    call.on('error', (error) => settle({ kind: 'unreachable', reason: error.message }));
    call.on('end', () => settle(readHealth(grpcStatus, Buffer.concat(chunks))));
    call.end(emptyMessage);
  });
}

/** Asks a server for its health by HTTP. */
export function askHttpHealth({ address, timeoutMs }: HealthQuestion): Promise<Health> {
  return new Promise((resolve) => {
    const url = `http://${address}/v2/health/ready`;
    if (!URL.canParse(url)) {
      resolve({ kind: 'unreachable', reason: 'the address is no host:port' });
      return;
    }
    const asked = get(url, { agent: false }, ({ statusCode = 0 }) => {
      settle(
        statusCode === 200
          ? { kind: 'serving' }
          : statusCode === 400 || statusCode === 503
            ? { kind: 'not-serving' }
            : { kind: 'unreachable', reason: `HTTP status ${statusCode}` },
      );
    });
    const settle = (health: Health): void => {
      clearTimeout(timer);
      asked.destroy();
      resolve(health);
    };
    const timer = setTimeout(
      () => settle({ kind: 'unreachable', reason: `no answer within ${timeoutMs} ms` }),
      timeoutMs,
    );
    asked.on('error', (error) => settle({ kind: 'unreachable', reason: error.message }));
  });
}

/** HealthCheckResponse has one field, the status; SERVING is 1. */
function readHealth(grpcStatus: string, frame: Buffer): Health {
  if (grpcStatus === grpcStatusUnavailable) return { kind: 'not-serving' };
  if (grpcStatus !== '0') return { kind: 'unreachable', reason: `gRPC status '${grpcStatus}'` };
  const message = frame.subarray(emptyMessage.byteLength);
  return message[0] === 1 << 3 && message[1] === servingStatus
    ? { kind: 'serving' }
    : { kind: 'not-serving' };
}
