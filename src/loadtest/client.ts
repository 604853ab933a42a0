import { Client, credentials, Metadata } from '@grpc/grpc-js';
import type { Caller } from './load.js';
import { inferPath } from './payload.js';

export interface ClientOptions {
  /** `host:port` */
  readonly target: string;
  /** The request, already encoded. */
  readonly request: Buffer;
  /** An answer of fewer bytes counts as failed. */
  readonly answerBytesMin: number;
}

const keep = (bytes: Buffer): Buffer => bytes;

/** One connection that calls ModelInfer with the same bytes again and again and decodes no answer. */
export class InferClient implements Caller {
  readonly #options: ClientOptions;
  readonly #client: Client;
  readonly #metadata = new Metadata();

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#client = new Client(options.target, credentials.createInsecure(), {
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_channelz': 0,
      'grpc.enable_retries': 0,
      // The receive window stays at the library's 64 KiB: Node's HTTP/2 reads nothing while a write of its
      // own is under way, so a client and a server that both allow more than the socket holds can each
      // wait for the other for ever.
    });
  }

  call(done: (failure: string | undefined) => void): void {
    const { request, answerBytesMin } = this.#options;
    this.#client.makeUnaryRequest(inferPath, keep, keep, request, this.#metadata, (error, answer) => {
      if (error !== null) done(`${error.code}: ${error.details}`);
      else if (answer === undefined || answer.byteLength < answerBytesMin)
        done('the answer is shorter than expected');
      else done(undefined);
    });
  }

  close(): void {
    this.#client.close();
  }
}
