import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

export interface StubAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface StubStore {
  /** `host:port` */
  readonly host: string;
  readonly requests: { readonly url: string; readonly headers: IncomingHttpHeaders }[];
}

/** A server that gives every request one answer: what real servers refuse with, which those of tests do not. */
export async function withStubStore(
  answer: StubAnswer,
  use: (store: StubStore) => Promise<void>,
  certificate?: { readonly cert: Buffer; readonly key: Buffer },
): Promise<void> {
  const requests: StubStore['requests'] = [];
  const listener: RequestListener = (request, response) => {
    requests.push({ url: request.url ?? '', headers: request.headers });
    response.writeHead(answer.status, answer.headers).end(answer.body);
  };
  const server =
    certificate === undefined ? createServer(listener) : createSecureServer(certificate, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await use({ host: `127.0.0.1:${(server.address() as AddressInfo).port}`, requests });
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
