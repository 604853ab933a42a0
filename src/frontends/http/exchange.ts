import type { IncomingHttpHeaders } from 'node:http';
import type { Category } from '../../server/restrictions.js';

/** One request, as an endpoint sees it. */
export interface HttpCall {
  readonly method: string;
  /** What the path names. */
  readonly target: Target;
  readonly headers: IncomingHttpHeaders;
  /** Names, as they were written, and values in turn. */
  readonly rawHeaders: readonly string[];
  /** When its head had come, on the process's clock. */
  readonly startUs: number;
  readonly cancelled: boolean;
  /** Called once when the client goes away before it was answered. */
  onCancel: (() => void) | undefined;
  /** What went wrong with a request that was answered by `stream`, for the log. */
  failure: unknown;
  /** The whole body; more than `bytesMax` is refused with an error that says so, and not kept. */
  body(bytesMax: number): Promise<Buffer>;
  /** The body in the pieces in which it came. */
  receive(wanted: WantedBody): Promise<ReceivedBody>;
  /** Begins an answer that comes in parts. */
  stream(head: AnswerHead): AnswerStream;
}

export interface WantedBody {
  readonly bytesMax: number;
  /** What a larger one is refused with. */
  readonly refuse: (bytes: number) => Error;
  /** Whether `giveBack` will be called: the pieces are no memory of their own then, and stay in this thread. */
  readonly givesBack: boolean;
}

/** A body as it came. Its bytes count until `letGo` is called, which may be more than once. */
export interface ReceivedBody {
  readonly pieces: readonly Uint8Array[];
  readonly byteLength: number;
  /** Counts bytes that were made of it. */
  grow(bytes: number): void;
  letGo(): void;
  /** Nobody reads the pieces any more, nor what lies in them. Without it they are collected like any object. */
  giveBack(): void;
}

export interface AnswerHead {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer in one piece. */
export interface HttpAnswer extends AnswerHead {
  readonly body?: AnswerBody;
  /** Called once, when the body's bytes are read no more. */
  readonly release?: () => void;
}

/** Several pieces are sent one behind the other. */
export type AnswerBody = string | Uint8Array | readonly Uint8Array[];

/** An answer that comes in parts. */
export interface AnswerStream {
  /** False when the client reads too slowly: the promise of `drained` tells when it has caught up. */
  write(part: string | Uint8Array): boolean;
  drained(): Promise<void>;
  end(): void;
}

/** 'streamed': the endpoint has answered by `stream` itself. */
export type Handled = HttpAnswer | 'streamed';

export type Handler = (call: HttpCall) => Handled | Promise<Handled>;

/** What may be done to an endpoint, and the category by which `--http-restricted-api` knows it. */
export interface Endpoint {
  readonly category: Category;
  readonly GET?: Handler;
  readonly POST?: Handler;
}

/** What a path names; empty where it names none. */
export interface Target {
  readonly route: RouteName;
  readonly model: string;
  readonly version: string;
  readonly repository: string;
  readonly region: string;
}

export const routeNames = [
  'server',
  'health/live',
  'health/ready',
  'model',
  'model/ready',
  'model/config',
  'model/stats',
  'model/infer',
  'model/generate',
  'model/generate_stream',
  'model/trace/setting',
  'trace/setting',
  'logging',
  'repository/index',
  'repository/load',
  'repository/unload',
  'systemsharedmemory/status',
  'systemsharedmemory/register',
  'systemsharedmemory/unregister',
  'cudasharedmemory/status',
  'cudasharedmemory/register',
  'cudasharedmemory/unregister',
] as const;

export type RouteName = (typeof routeNames)[number];

/** The endpoints of one front end; a route that has none is not found. */
export type Endpoints = Partial<Record<RouteName, Endpoint>>;

export function jsonAnswer(text: string): HttpAnswer {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: text };
}
