import type { OnFailure } from '../../server/failure-log.js';
import type { HeaderForwarder } from '../../server/forwarded-headers.js';

/** What inference has beside the server. */
export interface InferOptions {
  /** Hands metadata to models, where that was asked for. */
  readonly forwarder?: HeaderForwarder | undefined;
  /** Hears of requests that failed in a stream, which goes on. */
  readonly onFailure?: OnFailure | undefined;
}
