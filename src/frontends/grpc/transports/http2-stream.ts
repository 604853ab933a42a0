import { errorCode } from '../../../http2/frames.js';
import type { Field } from '../../../http2/hpack/field.js';
import type { Stream, StreamListener } from '../../../http2/stream.js';
import type { InferenceError } from '../../../inference/error.js';
import { statusCode, toStatus, type GrpcStatus } from '../status.js';
import type { TensorBytes } from '../../../tensors/chunked-bytes.js';
import type { StreamCall, StreamHandler, StreamMethod, WireMessage } from '../transport.js';
import { compressBytes, compressingMax, InOrder } from './compression.js';
import { decodeRequest } from './decode-request.js';
import type { Compressed } from './decompression.js';
import type { Expiring } from './deadlines.js';
import {
  AnswerMetadata,
  answerHeadOf,
  failedTrailers,
  FramedMessage,
  okTrailers,
  trailersWith,
} from './http2-answer.js';
import {
  allMetadata,
  answerFailed,
  breakOff,
  deadlineExceeded,
  deadlineOf,
  metadataValue,
  notOneMessage,
  refusalStatus,
  standstill,
  tellFailed,
  tooMuchPending,
  type CallShare,
} from './http2-call.js';
import type { CallBegin } from './http2-head.js';
import { MessageReader, type MessageSink, type Refusal } from './message-reader.js';

/**
 * One call whose messages go one by one, in one direction or both. Messages are delivered and sent in their
 * order, compressed or not. Bound: while it is paused it holds what the stream's window lets the client send.
 */
export class StreamedCall implements StreamCall<unknown>, StreamListener, MessageSink, Expiring {
  onCancel: (() => void) | undefined = undefined;
  readonly deadlineMs: number;
  earlier: Expiring | undefined = undefined;
  later: Expiring | undefined = undefined;
  readonly #stream: Stream;
  readonly #head: CallBegin;
  readonly #method: StreamMethod<unknown, unknown>;
  readonly #share: CallShare;
  readonly #reader: MessageReader;
  #handler: StreamHandler<unknown> | undefined = undefined;
  /** Whole messages that the handler has not taken, and the end behind them. */
  #inbox: (Compressed | TensorBytes | 'end')[] = [];
  /** The message that is decompressed: one of a stream at a time, when the handler takes it. */
  #decompressing: Compressed | undefined = undefined;
  #delivering = false;
  #paused = false;
  #messageCount = 0;
  #headersSent = false;
  #added: AnswerMetadata | undefined = undefined;
  readonly #compressing = new InOrder();
  #drainOwed = false;
  #state: 'open' | 'answered' | 'cancelled' = 'open';

  constructor(stream: Stream, head: CallBegin, share: CallShare) {
    this.#stream = stream;
    this.#head = head;
    this.#method = head.method as StreamMethod<unknown, unknown>;
    this.#share = share;
    this.#reader = new MessageReader(share.store, this);
    this.deadlineMs = deadlineOf(head);
    share.count.open++;
    if (this.deadlineMs !== Infinity) share.deadlines.add(this);
    stream.listen(this);
    stream.awaited = !this.#method.clientStreams;
  }

  /** Gives the call to its method; behind this nothing is missing for events to come. */
  open(): void {
    this.#guarded(() => (this.#handler = this.#method.open(this)));
  }

  get peer(): string {
    return this.#share.peer.address;
  }

  get cancelled(): boolean {
    return this.#state === 'cancelled';
  }

  metadata(key: string): string | undefined {
    return metadataValue(this.#head, key);
  }

  allMetadata(): Iterable<readonly [string, string]> {
    return allMetadata(this.#head);
  }

  write(response: unknown): boolean {
    if (this.#state !== 'open') return false;
    const message = this.#method.codec.encode(response);
    const { answerEncoding } = this.#head;
    const room =
      answerEncoding === undefined && this.#compressing.count === 0
        ? this.#send(message, false)
        : this.#compressAndSend(message);
    if (!room) this.#drainOwed = true;
    return room;
  }

  end(): void {
    this.#endWith(okTrailers);
  }

  fail(error: InferenceError): void {
    this.#failWith(toStatus(error));
  }

  pause(): void {
    this.#paused = true;
    this.#stream.pause();
    this.#noteAwaited();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#stream.resume();
    this.#noteAwaited();
    void this.#deliver();
  }

  addInitialMetadata(key: string, value: string): void {
    (this.#added ??= new AnswerMetadata()).addInitial(key, value);
  }

  addTrailingMetadata(key: string, value: string): void {
    (this.#added ??= new AnswerMetadata()).addTrailing(key, value);
  }

  onData(bytes: Buffer, start: number, end: number): void {
    this.#reader.read(bytes, start, end);
    this.#noteAwaited();
  }

  onMessage(message: TensorBytes, compressed: boolean): void {
    if (++this.#messageCount > 1 && !this.#method.clientStreams) {
      return this.#failWith(notOneMessage);
    }
    this.#inbox.push(compressed ? { compressed: message } : message);
    void this.#deliver();
  }

  onRefused(refusal: Refusal): void {
    this.#breakOff(refusalStatus(refusal));
  }

  onEnd(): void {
    this.#stream.awaited = false;
    if (this.#awaitsOnly()) {
      this.#breakOff(notOneMessage);
    } else if (this.#reader.inMessage) {
      this.#breakOff({ code: statusCode.internal, details: 'the request ended within a message' });
    } else {
      this.#inbox.push('end');
      void this.#deliver();
    }
  }

  onStandstill(): void {
    this.#breakOff(standstill);
  }

  onDeadline(): void {
    this.#breakOff(deadlineExceeded);
  }

  onDrain(): void {
    this.#drained();
  }

  onClose(code: number): void {
    this.#share.count.open--;
    if (this.deadlineMs !== Infinity) this.#share.deadlines.remove(this);
    this.#reader.stop();
    this.#inbox = [];
    if (this.#decompressing !== undefined) this.#decompressing.compressed = undefined;
    if (code !== errorCode.noError) this.#cancel();
  }

  /** The client owes the rest of a message, unless it is us who do not let it send. */
  #noteAwaited(): void {
    const { remoteEnded } = this.#stream;
    this.#stream.awaited = !this.#paused && !remoteEnded && (this.#reader.inMessage || this.#awaitsOnly());
  }

  /** Whether the call's only message has not come. */
  #awaitsOnly(): boolean {
    return !this.#method.clientStreams && this.#messageCount === 0;
  }

  /** Hands on what has come, in its order, as far as the handler is not paused. */
  async #deliver(): Promise<void> {
    if (this.#delivering) return;
    this.#delivering = true;
    while (this.#inbox.length > 0 && !this.#paused && this.#state === 'open') {
      const next = this.#inbox.shift();
      if (next === 'end') this.#guarded(() => this.#handler?.onEnd());
      else if (next !== undefined) this.#handOn('compressed' in next ? await this.#decompress(next) : next);
    }
    this.#delivering = false;
  }

  #decompress(message: Compressed): Promise<Buffer | GrpcStatus> {
    this.#decompressing = message;
    return this.#share.decompressor.decompress(message, this.#head.encoding);
  }

  #handOn(message: TensorBytes | GrpcStatus): void {
    if (this.#state !== 'open') return;
    if ('code' in message) return this.#breakOff(message);
    this.#guarded(() => this.#handler?.onMessage(decodeRequest(this.#method.codec, message)));
  }

  /** A handler that throws fails its own call. */
  #guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#breakOff(toStatus(error));
    }
  }

  #send(message: WireMessage, compressed: boolean): boolean {
    const framed = new FramedMessage(message, compressed);
    if (!this.#stream.admits(framed.byteLength)) {
      framed.drop();
      this.#breakOff(tooMuchPending);
      return false;
    }
    this.#sendHeaders();
    return this.#stream.send(framed);
  }

  #sendHeaders(): void {
    if (this.#headersSent) return;
    this.#headersSent = true;
    this.#stream.sendHeaders(answerHeadOf(this.#head.answerEncoding, this.#added));
  }

  #compressAndSend(message: WireMessage): boolean {
    const { answerEncoding } = this.#head;
    if (answerEncoding === undefined) return this.#send(message, false);
    this.#compressing.after(compressBytes(message, answerEncoding), {
      done: (compressed) => {
        if (this.#state === 'cancelled') return;
        if (this.#send(compressed, true)) this.#drained();
      },
      failed: (error) => this.#breakOff(toStatus(error)),
    });
    return this.#compressing.count < compressingMax;
  }

  #drained(): void {
    if (!this.#drainOwed || this.#compressing.count >= compressingMax || this.#state !== 'open') return;
    this.#drainOwed = false;
    this.#guarded(() => this.#handler?.onDrain?.());
  }

  #endWith(trailers: readonly Field[]): void {
    if (this.#state !== 'open') return;
    this.#state = 'answered';
    this.#compressing.finally(() => {
      this.#sendHeaders();
      this.#stream.end(trailersWith(trailers, this.#added));
    });
  }

  #failWith(status: GrpcStatus): void {
    if (this.#state !== 'open') return;
    tellFailed(this.#share, this, this.#head, status);
    if (this.#headersSent || this.#compressing.count > 0) return this.#endWith(failedTrailers(status));
    this.#state = 'answered';
    answerFailed(this.#stream, status, this.#added);
  }

  /** Ends the call with a status that the service did not ask for, which it hears of as a cancellation. */
  #breakOff(status: GrpcStatus): void {
    if (this.#state === 'open') tellFailed(this.#share, this, this.#head, status);
    this.#cancel();
    breakOff(this.#stream, status, this.#headersSent);
  }

  #cancel(): void {
    if (this.#state !== 'open') return;
    this.#state = 'cancelled';
    this.onCancel?.();
  }
}
