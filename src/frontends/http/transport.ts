import type { IncomingHttpHeaders } from 'node:http';
import type { TrafficCounts } from '../../sockets/traffic.js';
import type { AnswerHead, AnswerStream, HttpAnswer } from './exchange.js';

/** Where to listen, and what a peer may do there. */
export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly reusePort: boolean;
  /** More are closed as they come. */
  readonly connectionsMax: number;
  readonly headerBytesMax: number;
  /** How long the headers of a request may take. */
  readonly receiveTimeoutMs: number;
  /** How long a connection may be without requests; 0: as long as it likes. */
  readonly idleTimeoutMs: number;
}

export interface TransportOptions extends ListenerOptions {
  /** Memory of answered requests that is kept for the next ones. */
  readonly keptRequestBytesMax: number;
}

/** Who takes the body of a request. */
export interface BodyTaker {
  /** Counts bytes that have come; false when they and all that follow are not wanted. */
  admit(bytes: number): boolean;
  /** Whether the memory of the body will be given back. */
  readonly givesBack: boolean;
  /** All has come: the pieces are the taker's own. `giveBack`, when nobody reads them any more, lets others have their memory. */
  complete(pieces: Uint8Array[], giveBack?: () => void): void;
  /** The client is gone before. */
  gone(): void;
}

/** One request as it was carried here, and the way back. It is answered once, or by a stream; a client that is gone is told nothing. */
export interface Carried {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  /** Of the client. */
  readonly peer: { readonly host: string; readonly port: number };
  readonly cancelled: boolean;
  /** Called once when the client goes away before it was answered. */
  onCancel: (() => void) | undefined;
  /** Whether an answer has gone out, or a part of it. */
  readonly begun: boolean;
  receive(taker: BodyTaker): void;
  /** Sends an answer in one piece. What it holds is released when its bytes were sent, or will never be. */
  send(answer: HttpAnswer): void;
  /** Begins an answer that comes in parts. */
  stream(head: AnswerHead): AnswerStream;
  /** Cuts the connection. */
  cut(): void;
}

/** A port that requests come from. */
export interface HttpTransport {
  readonly traffic: TrafficCounts;
  /** Requests that were not answered yet. */
  readonly busyCount: number;
  /** Starts to listen; the result is the port, which the system chooses when 0 was asked for. */
  listen(): Promise<number>;
  /** Takes no new connections and closes those without a request; resolves when all have ended. */
  drain(): Promise<void>;
  /** Ends everything at once. */
  close(): void;
}

/** The pieces in which an answer's body is sent. */
export function piecesOf({ body = '' }: HttpAnswer): readonly Uint8Array[] {
  return typeof body === 'string' ? [Buffer.from(body)] : body instanceof Uint8Array ? [body] : body;
}
