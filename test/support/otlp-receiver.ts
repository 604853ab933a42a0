import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

interface WireAttribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: number | string };
}

/** A span as OTLP's JSON has it; times are texts of nanoseconds since 1970. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly WireAttribute[];
  readonly events: readonly { readonly name: string; readonly timeUnixNano: string }[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status: { readonly code: number; readonly message?: string };
}

/** A collector that keeps what it is sent. */
export interface OtlpReceiver {
  readonly url: string;
  readonly spans: ReceivedSpan[];
  /** Of the last message. */
  resource: Readonly<Record<string, unknown>>;
  /** What it answers with. */
  status: number;
  messageCount: number;
  close(): void;
}

export async function openReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      receiver.messageCount++;
      if (receiver.status === 200) keep(JSON.parse(body));
      response.writeHead(receiver.status, { 'content-type': 'application/json' }).end('{}');
    });
  });
  const keep = (message: {
    resourceSpans: { resource: { attributes: WireAttribute[] }; scopeSpans: { spans: ReceivedSpan[] }[] }[];
  }): void => {
    for (const { resource, scopeSpans } of message.resourceSpans) {
      receiver.resource = attributesOf(resource);
      for (const scope of scopeSpans) spans.push(...scope.spans);
    }
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const receiver: OtlpReceiver = {
    url: `http://127.0.0.1:${port}/v1/traces`,
    spans,
    resource: {},
    status: 200,
    messageCount: 0,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
  return receiver;
}

export function attributesOf(span: {
  readonly attributes: readonly WireAttribute[];
}): Record<string, unknown> {
  return Object.fromEntries(
    span.attributes.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue)]),
  );
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
