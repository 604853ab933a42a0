import {
  Client,
  credentials,
  Metadata,
  type CallOptions,
  type ChannelCredentials,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientUnaryCall,
  type StatusObject,
} from '@grpc/grpc-js';

export interface BytesOutcome {
  readonly code: number;
  readonly details: string;
  /** Empty when the call failed. */
  readonly bytes: Buffer;
}

export interface BytesSetup extends CallOptions {
  /** A list sends the key once for each of its values. */
  readonly metadata?: Readonly<Record<string, string | Buffer | readonly string[]>>;
}

const keep = <T>(value: T): T => value;

/** A grpc-js client whose messages are bytes. */
export class BytesClient {
  readonly #client: Client;

  constructor(port: number, channel: ChannelCredentials = credentials.createInsecure(), options = {}) {
    this.#client = new Client(`127.0.0.1:${port}`, channel, {
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
      'grpc.use_local_subchannel_pool': 1,
      ...options,
    });
  }

  async unary(path: string, request: Buffer, setup: BytesSetup = {}): Promise<BytesOutcome> {
    return this.begin(path, request, setup).outcome;
  }

  /** The call itself besides its outcome, to be cancelled. */
  begin(
    path: string,
    request: Buffer,
    setup: BytesSetup = {},
  ): { readonly call: ClientUnaryCall; readonly outcome: Promise<BytesOutcome> } {
    let call: ClientUnaryCall | undefined;
    const { metadata, options } = split(setup);
    const outcome = new Promise<BytesOutcome>((resolve) => {
      const done = (error: StatusObject | null, bytes: Buffer = Buffer.alloc(0)): void => {
        resolve({ code: error?.code ?? 0, details: error?.details ?? '', bytes });
      };
      call = this.#client.makeUnaryRequest(path, keep, keep, request, metadata, options, done);
    });
    return { call: call!, outcome };
  }

  serve(path: string, request: Buffer, setup: BytesSetup = {}): ClientReadableStream<Buffer> {
    const { metadata, options } = split(setup);
    return this.#client.makeServerStreamRequest<Buffer, Buffer>(path, keep, keep, request, metadata, options);
  }

  talk(path: string, setup: BytesSetup = {}): ClientDuplexStream<Buffer, Buffer> {
    const { metadata, options } = split(setup);
    return this.#client.makeBidiStreamRequest<Buffer, Buffer>(path, keep, keep, metadata, options);
  }

  /** Waits for a connection; rejects when there is none within the seconds. */
  connected(secs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#client.waitForReady(Date.now() + secs * 1000, (error) => {
        if (error === undefined) resolve();
        else reject(error);
      });
    });
  }

  close(): void {
    this.#client.close();
  }
}

function split({ metadata = {}, ...options }: BytesSetup): { metadata: Metadata; options: CallOptions } {
  const headers = new Metadata();
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value === 'string' || Buffer.isBuffer(value)) headers.set(key, value);
    else for (const one of value) headers.add(key, one);
  }
  return { metadata: headers, options };
}

/** What a stream brought and how it ended; reads until its end. */
export async function readAll(
  stream: ClientReadableStream<Buffer> | ClientDuplexStream<Buffer, Buffer>,
): Promise<{ code: number; details: string; messages: Buffer[] }> {
  const messages: Buffer[] = [];
  stream.on('data', (bytes: Buffer) => messages.push(bytes));
  const { code, details } = await statusOf(stream);
  return { code, details, messages };
}

export function statusOf(
  stream: ClientReadableStream<Buffer> | ClientDuplexStream<Buffer, Buffer>,
): Promise<StatusObject> {
  // The error says what the status says.
  stream.on('error', () => {});
  return new Promise((resolve) => stream.once('status', resolve));
}
