/** What came of a request over HTTP. */
export interface Told {
  readonly status: number;
  readonly type: string | null;
  readonly body: string;
}

export interface Asking {
  readonly method?: string;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks a server on this machine; with a body it is a POST. */
export async function ask(port: number, path: string, asking: Asking = {}): Promise<Told> {
  const { body, headers = {}, method = body === undefined ? 'GET' : 'POST' } = asking;
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: { ...headers },
    ...(body === undefined ? {} : { body }),
  });
  return { status: response.status, type: response.headers.get('content-type'), body: await response.text() };
}

/** An answer that says what went wrong. */
export function failure(status: number, error: string): Told {
  return { status, type: 'application/json', body: JSON.stringify({ error }) };
}
