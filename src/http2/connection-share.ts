import type { Socket } from 'node:net';
import type { InternTable } from './hpack/intern.js';
import type { KeepaliveOptions } from './keepalive.js';
import type { LimitName, Limits } from './limits.js';
import type { OutputShare } from './output.js';
import type { RequestHead } from './request-head.js';
import type { PendingBytes } from './send-flow.js';
import type { Stream } from './stream.js';

/** What is told of the requests of one connection. */
export interface RequestListener {
  /** A request's head has come; who wants to hear the rest says so to the stream. */
  onRequest(stream: Stream, head: RequestHead): void;
  /** A request's fields were larger than the limit; nothing more of it will be told. */
  onTooLarge(stream: Stream): void;
}

/** What a connection shares with the others of its server. */
export interface ConnectionShare {
  readonly limits: Limits;
  readonly keepalive: KeepaliveOptions;
  readonly interned: InternTable;
  readonly output: OutputShare;
  readonly pending: PendingBytes;
  /** A limit was met by a peer. */
  readonly meet: (name: LimitName, socket: Socket) => void;
  readonly nowMs: () => number;
}
