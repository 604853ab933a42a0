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

/** Bytes that a server may send ahead; the library's own 64 KiB would slow large answers down. */
const windowBytes = 8 * 1024 * 1024;

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
      'grpc-node.flow_control_window': windowBytes,
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
