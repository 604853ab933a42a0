import { errorCode } from '../../../http2/frames.js';
import type { Stream, StreamListener } from '../../../http2/stream.js';
import { toStatus, type GrpcStatus } from '../status.js';
import type { TensorBytes } from '../../../tensors/chunked-bytes.js';
import type { Call, UnaryMethod } from '../transport.js';
import { compressBytes } from './compression.js';
import { decodeRequest, readable } from './decode-request.js';
import type { Compressed } from './decompression.js';
import type { Expiring } from './deadlines.js';
import { AnswerMetadata, answerHeadOf, FramedMessage, okTrailers, trailersWith } from './http2-answer.js';
import {
  allMetadata,
  answerFailed,
  deadlineExceeded,
  deadlineOf,
  metadataValue,
  notOneMessage,
  refusalStatus,
  standstill,
  startOf,
  tellFailed,
  tooMuchPending,
  type CallShare,
} from './http2-call.js';
import type { CallBegin } from './http2-head.js';
import { MessageReader, type MessageSink, type Refusal } from './message-reader.js';

/**
 * One unary call: the stream's listener, the call that the handler sees, and its deadline in one object.
 * Invariant: it is answered at most once, and the handler hears of a cancellation at most once and never
 * behind the answer.
 */
export class UnaryCall implements Call, StreamListener, MessageSink, Expiring {
  onCancel: (() => void) | undefined = undefined;
  modelName = '';
  request: Call['request'] = undefined;
  readonly deadlineMs: number;
  readonly startUs: number;
  earlier: Expiring | undefined = undefined;
  later: Expiring | undefined = undefined;
  readonly #stream: Stream;
  readonly #head: CallBegin;
  readonly #share: CallShare;
  readonly #reader: MessageReader;
  #added: AnswerMetadata | undefined = undefined;
  #message: TensorBytes | undefined = undefined;
  #compressed = false;
  /** The buffers that the request lies in, until they are given back. */
  #lent: readonly ArrayBufferLike[] = nothingLent;
  /** The handler is through with the request, and the answer does not need it once it is sent or dropped. */
  #succeeded = false;
  /** The message while it waits to be decompressed. */
  #decompressing: Compressed | undefined = undefined;
  /** 'reading' until the handler has the request, 'answered' when it is known how the call ends. */
  #state: 'reading' | 'running' | 'answered' | 'cancelled' = 'reading';

  constructor(stream: Stream, head: CallBegin, share: CallShare) {
    this.#stream = stream;
    this.#head = head;
    this.#share = share;
    this.#reader = new MessageReader(share.store, this);
    this.deadlineMs = deadlineOf(head);
    this.startUs = startOf(head);
    share.count.open++;
    stream.listen(this);
    stream.awaited = true;
    if (this.deadlineMs !== Infinity) share.deadlines.add(this);
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

  addInitialMetadata(key: string, value: string): void {
    (this.#added ??= new AnswerMetadata()).addInitial(key, value);
  }

  addTrailingMetadata(key: string, value: string): void {
    (this.#added ??= new AnswerMetadata()).addTrailing(key, value);
  }

  onData(bytes: Buffer, start: number, end: number): void {
    this.#reader.read(bytes, start, end);
  }

  onMessage(message: TensorBytes, compressed: boolean, lent: readonly ArrayBufferLike[]): void {
    if (this.#message !== undefined) {
      return this.#fail(notOneMessage);
    }
    this.#message = message;
    this.#lent = lent;
    this.#compressed = compressed;
  }

  onRefused(refusal: Refusal): void {
    this.#fail(refusalStatus(refusal));
  }

  onEnd(): void {
    this.#stream.awaited = false;
    if (this.#state !== 'reading') return;
    const message = this.#message;
    this.#message = undefined;
    // Bytes behind a message that was whole make it another one than its prefix said.
    if (message === undefined || this.#reader.inMessage) return this.#fail(notOneMessage);
    this.#stream.holdRequest(message.byteLength);
    void this.#run(message);
  }

  onStandstill(): void {
    this.#fail(standstill);
  }

  onDeadline(): void {
    this.#cancel();
    tellFailed(this.#share, this, this.#head, deadlineExceeded);
    if (this.#stream.writable) answerFailed(this.#stream, deadlineExceeded);
    else this.#stream.reset(errorCode.cancel);
  }

  onDrain(): void {}

  onClose(code: number): void {
    this.#share.count.open--;
    if (this.deadlineMs !== Infinity) this.#share.deadlines.remove(this);
    this.#reader.stop();
    if (this.#decompressing !== undefined) this.#decompressing.compressed = undefined;
    if (code !== errorCode.noError) this.#cancel();
    if (this.#succeeded) this.#giveBack();
  }

  async #run(received: TensorBytes): Promise<void> {
    this.#state = 'running';
    const method = this.#head.method as UnaryMethod<unknown, unknown>;
    try {
      const plain = this.#compressed ? await this.#decompress(received) : received;
      if ('code' in plain) return this.#fail(plain);
      const ready = readable(method.codec, plain);
      const message = ready instanceof Promise ? await ready : ready;
      // It may have been given up meanwhile.
      if (this.#state !== 'running') return;
      const response = await method.handle(decodeRequest(method.codec, message), this);
      // Whoever cancelled it meanwhile was told.
      if (this.#state !== 'running') return;
      const answer = method.codec.encode(response);
      if (method.answersApart === true) this.#giveBack();
      const { answerEncoding } = this.#head;
      if (answerEncoding === undefined) this.#answer(new FramedMessage(answer, false));
      else this.#answer(new FramedMessage(await compressBytes(answer, answerEncoding), true));
    } catch (error) {
      this.#fail(toStatus(error));
    }
  }

  #answer(body: FramedMessage): void {
    if (this.#state !== 'running') return body.drop();
    const stream = this.#stream;
    this.#succeeded = true;
    if (!stream.admits(body.byteLength)) {
      body.drop();
      return this.#fail(tooMuchPending);
    }
    this.#state = 'answered';
    stream.sendHeaders(answerHeadOf(this.#head.answerEncoding, this.#added));
    stream.send(body);
    stream.end(trailersWith(okTrailers, this.#added));
  }

  /** Ends the call with a status, unless it has ended. */
  #fail(status: GrpcStatus): void {
    if (this.#state === 'answered' || this.#state === 'cancelled') return;
    this.#state = 'answered';
    this.#reader.stop();
    tellFailed(this.#share, this, this.#head, status);
    answerFailed(this.#stream, status, this.#added);
  }

  #cancel(): void {
    if (this.#state === 'answered' || this.#state === 'cancelled') return;
    this.#state = 'cancelled';
    this.onCancel?.();
  }

  /** Nobody reads the request any more: its memory is used for the next ones. */
  #giveBack(): void {
    for (const buffer of this.#lent) this.#share.store.arena.giveBack(buffer);
    this.#lent = nothingLent;
  }

  #decompress(compressed: TensorBytes): Promise<Buffer | GrpcStatus> {
    this.#decompressing = { compressed };
    return this.#share.decompressor.decompress(this.#decompressing, this.#head.encoding);
  }
}

const nothingLent: readonly ArrayBufferLike[] = [];
