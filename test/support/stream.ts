import { Metadata, type ClientDuplexStream, type StatusObject } from '@grpc/grpc-js';
import type { AnyMessage, AnyMethod, TestClient } from './client.js';

/** A stream of a grpc-js client, with what it has brought so far. */
export class TestStream {
  readonly call: ClientDuplexStream<AnyMessage, AnyMessage>;
  readonly messages: AnyMessage[] = [];
  readonly status: Promise<StatusObject>;

  constructor(client: TestClient, method: AnyMethod, metadata: Readonly<Record<string, string>> = {}) {
    const headers = new Metadata();
    for (const [key, value] of Object.entries(metadata)) headers.set(key, value);
    this.call = client.raw.makeBidiStreamRequest<AnyMessage, AnyMessage>(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      headers,
    );
    this.call.on('error', () => {});
    this.status = new Promise((resolve) => this.call.once('status', resolve));
    this.call.on('data', (message: AnyMessage) => this.messages.push(message));
  }

  send(...requests: AnyMessage[]): void {
    for (const request of requests) this.call.write(request);
  }

  /** The ids of the answers of a ModelStreamInfer. */
  get ids(): string[] {
    return this.messages.map(({ infer_response: { id } }) => id);
  }
}
