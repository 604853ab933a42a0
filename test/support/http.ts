import { request, type IncomingHttpHeaders } from 'node:http';

/** An answer, whole. */
export interface HttpReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface HttpAsk {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** One piece is sent with its length; several are chunks. */
  readonly body?: Uint8Array | string | readonly Uint8Array[];
}

/** Asks a server on this machine, with no header that was not given. */
export function ask(port: number, path: string, asked: HttpAsk = {}): Promise<HttpReply> {
  const { method = 'POST', headers = {}, body = '' } = asked;
  return new Promise((resolve, reject) => {
    const pieces = typeof body === 'string' || body instanceof Uint8Array ? undefined : body;
    const sent = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      const got: Buffer[] = [];
      response.on('data', (piece: Buffer) => got.push(piece));
      response.once('error', reject);
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(got) }),
      );
    });
    sent.once('error', reject);
    for (const piece of pieces ?? []) sent.write(piece);
    sent.end(pieces === undefined ? body : undefined);
  });
}

/** The error that an answer tells. */
export function errorOf({ body }: HttpReply): string {
  return (JSON.parse(body.toString()) as { error: string }).error;
}

/** JSON and what lies behind it, and the header that says where it ends. */
export function withBlobs(json: unknown, ...blobs: readonly Uint8Array[]): HttpAsk {
  const head = Buffer.from(typeof json === 'string' ? json : JSON.stringify(json));
  return {
    headers: { 'inference-header-content-length': String(head.byteLength) },
    body: Buffer.concat([head, ...blobs]),
  };
}
