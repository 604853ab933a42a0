import * as fc from 'fast-check';
import { constants } from 'node:http2';
import { gzipSync } from 'node:zlib';
import type { StreamCall, StreamHandler, WireMessage } from '../../../../src/frontends/grpc/transport.js';
import { InferenceError, type ErrorCode } from '../../../../src/inference/error.js';
import { frame, type RawCall } from './raw-client.js';
import { eventually, paths, pattern, turns, type Rig } from './rig.js';

const codes: readonly ErrorCode[] = [
  'invalid-argument',
  'not-found',
  'unavailable',
  'unsupported',
  'internal',
];

/** What a method does with its call; told to it in the call's metadata. */
type Deed =
  | { readonly kind: 'echo' }
  /** The same, but it takes its time. */
  | { readonly kind: 'late' }
  | { readonly kind: 'fail'; readonly code: ErrorCode; readonly text: string }
  | { readonly kind: 'throw'; readonly text: string }
  /** An answer, or answers, of a size, whatever the request is. */
  | { readonly kind: 'many'; readonly count: number; readonly size: number }
  /** A stream is ended when so many messages have come. */
  | { readonly kind: 'early'; readonly count: number };

export interface SessionCall {
  readonly path: string;
  readonly deed: Deed;
  readonly messages: readonly { readonly size: number; readonly gzip: boolean }[];
  readonly key: string;
  readonly bytes: Uint8Array;
  /** Where the bytes of the request are cut into writes, as parts of the whole. */
  readonly cuts: readonly number[];
  readonly cancels: boolean;
}

export interface Session {
  readonly calls: readonly SessionCall[];
  /** Whose next write it is. */
  readonly order: readonly number[];
}

/** How a call ended for its client, and what its method saw. */
export interface CallOutcome {
  readonly answer:
    | { readonly status: number | undefined; readonly details: string; readonly messages: readonly string[] }
    | 'cancelled';
  readonly metadata: readonly (string | undefined)[] | undefined;
  readonly seen: readonly string[] | undefined;
  readonly cancellations: number;
}

const text = fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom('', 'päng 100%', 'zwei\nZeilen', '日本'));
const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Deed>({ kind: 'echo' }) },
  fc.constant<Deed>({ kind: 'late' }),
  fc.record({ kind: fc.constant('fail' as const), code: fc.constantFrom(...codes), text }),
  fc.record({ kind: fc.constant('throw' as const), text }),
  fc.record({
    kind: fc.constant('many' as const),
    count: fc.nat(5),
    size: fc.constantFrom(0, 1, 5000, 200_000),
  }),
  fc.record({ kind: fc.constant('early' as const), count: fc.integer({ min: 1, max: 3 }) }),
);
const message = fc.record({
  size: fc.oneof(fc.nat(20), fc.constantFrom(0, 16_375, 16_384, 70_000, 300_000)),
  gzip: fc.boolean(),
});

const call = fc
  .record({
    path: fc.constantFrom(...Object.values(paths)),
    deed,
    messages: fc.array(message, { maxLength: 5 }),
    key: fc.stringMatching(/^[!-~]{1,30}$/),
    bytes: fc.uint8Array({ maxLength: 20 }),
    cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }),
    cancels: fc.boolean(),
  })
  .map((call): SessionCall => {
    const streams = call.path === paths.talk;
    const messages = streams ? call.messages : [call.messages[0] ?? { size: 7, gzip: false }];
    // When it would be over before it is cancelled, who is first is chance.
    const cancels = call.cancels && call.deed.kind === 'echo' && streams;
    return { ...call, messages, cancels };
  });

export const session: fc.Arbitrary<Session> = fc.record({
  calls: fc.array(call, { minLength: 1, maxLength: 4 }),
  order: fc.array(fc.nat(3), { maxLength: 30 }),
});

interface Seen {
  readonly messages: string[];
  metadata: (string | undefined)[];
  cancellations: number;
}

const digest = (bytes: Uint8Array): string =>
  bytes.byteLength <= 32 ? Buffer.from(bytes).toString('hex') : `${bytes.byteLength} of ${bytes[31]}`;

/** Plays a session on a connection of its own, and tells how each of its calls ended. */
export async function play(rig: Rig, { calls, order }: Session): Promise<CallOutcome[]> {
  const seen = new Map<number, Seen>();
  serve(rig, calls, seen);
  const raw = rig.raw();
  const open = calls.map((call, index) => {
    const opened = raw.open(call.path, { headers: headersOf(call, index) });
    return { call, opened, writes: writesOf(call) };
  });
  for (const turn of [...order, ...open.flatMap(({ writes }, index) => writes.map(() => index))]) {
    const writer = open[turn % open.length]!;
    const next = writer.writes.shift();
    if (next === undefined) continue;
    if (!writer.opened.stream.writableEnded && !writer.opened.stream.destroyed)
      writer.opened.stream.write(next);
    if (turn > 1) await turns(1);
  }
  const outcomes: CallOutcome[] = [];
  for (const { call, opened } of open) if (!call.cancels && !opened.stream.destroyed) opened.stream.end();
  for (const [index, { call, opened }] of open.entries()) {
    if (call.cancels) {
      await eventually(
        () => seen.get(index)?.messages.length === call.messages.length,
        'the messages have come',
      );
      // Node's client never comes back from a reset that it sends while it is told of one by the server.
      await turns(1);
      opened.stream.close(constants.NGHTTP2_CANCEL);
      await eventually(() => seen.get(index)!.cancellations > 0, 'the method hears of the cancellation');
    }
    await opened.closed;
    const { metadata, messages, cancellations } = seen.get(index) ?? {};
    const answer = call.cancels ? 'cancelled' : answerOf(opened);
    // Where the method fails or ends first, what it has seen is chance.
    const all = call.deed.kind === 'echo' || call.deed.kind === 'late';
    outcomes.push({ answer, metadata, seen: all ? messages : undefined, cancellations: cancellations ?? 0 });
  }
  await rig.settled();
  raw.close();
  return outcomes;
}

function answerOf(call: RawCall): CallOutcome['answer'] {
  return {
    status: call.status,
    details: call.status === 0 ? '' : call.details,
    messages: call.messages.map(({ bytes }) => digest(bytes)),
  };
}

function headersOf(call: SessionCall, index: number): Record<string, string> {
  const compressed = call.messages.some(({ gzip }) => gzip);
  return {
    'x-call': String(index),
    'x-key': call.key,
    'x-bytes-bin': Buffer.from(call.bytes).toString('base64'),
    ...(compressed ? { 'grpc-encoding': 'gzip' } : {}),
  };
}

function writesOf({ messages, cuts }: SessionCall): Buffer[] {
  const frames = messages.map(({ size, gzip }) => {
    const bytes = pattern(size);
    return gzip ? frame(gzipSync(bytes), true) : frame(bytes);
  });
  const bytes = Buffer.concat(frames);
  const edges = [
    0,
    ...cuts.map((part) => Math.floor(part * bytes.byteLength)).sort((a, b) => a - b),
    bytes.byteLength,
  ];
  return edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
}

function serve(rig: Rig, calls: readonly SessionCall[], seen: Map<number, Seen>): void {
  const enter = (
    call: StreamCall<WireMessage> | Parameters<typeof rig.service.unary>[1],
  ): [SessionCall, Seen] => {
    const index = Number(call.metadata('x-call'));
    const own: Seen = {
      messages: [],
      metadata: ['x-key', 'x-bytes-bin', 'x-none'].map((key) => call.metadata(key)),
      cancellations: 0,
    };
    call.onCancel = () => void own.cancellations++;
    seen.set(index, own);
    return [calls[index]!, own];
  };
  rig.service.unary = async (request, call) => {
    const [{ deed }, own] = enter(call);
    own.messages.push(digest(request));
    if (deed.kind === 'late') await turns(3);
    if (deed.kind === 'fail') throw new InferenceError(deed.code, deed.text);
    if (deed.kind === 'throw') throw new Error(deed.text);
    return deed.kind === 'many' ? pattern(deed.size) : Buffer.from(request);
  };
  rig.service.open = (call) => {
    const [{ deed, cancels }, own] = enter(call);
    const handler = handlerOf(call, deed, own.messages);
    // Node's client ends a request before it resets it.
    return cancels ? { ...handler, onEnd() {} } : handler;
  };
}

function handlerOf(call: StreamCall<WireMessage>, deed: Deed, messages: string[]): StreamHandler<Uint8Array> {
  return {
    onMessage(request) {
      messages.push(digest(request));
      if (deed.kind === 'fail') return call.fail(new InferenceError(deed.code, deed.text));
      if (deed.kind === 'throw') throw new Error(deed.text);
      if (deed.kind === 'late') {
        call.pause();
        void turns(2).then(() => call.resume());
      }
      if (deed.kind === 'many') {
        for (let left = deed.count; left > 0; left--) call.write(pattern(deed.size));
      } else if (!call.write(Buffer.from(request))) {
        call.pause();
      }
      if (deed.kind === 'early' && messages.length === deed.count) call.end();
    },
    onEnd: () => call.end(),
    onDrain: () => call.resume(),
  };
}
