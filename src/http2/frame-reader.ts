import { errorCode, flag, firstFrameBytes, frameHeadBytes, frameType, preface } from './frames.js';

/** What is told of the frames of a connection, in their order. */
export interface FrameSink {
  /** A whole frame that is not DATA; its payload is bytes[start, end), valid during the call. */
  onFrame(bytes: Buffer, start: number, end: number): void;
  /** A DATA frame begins; `length` counts padding too, as flow control does. */
  onDataBegin(length: number): void;
  /** A piece of its data, valid during the call. */
  onData(bytes: Buffer, start: number, end: number): void;
  onDataEnd(): void;
  /** The bytes are no HTTP/2; nothing is read any more. */
  onBroken(code: number, reason: string): void;
}

/**
 * RFC 9113 §3.4, §4.1, §6.1: cuts what a connection sends into frames, however its bytes are split into
 * reads. DATA is handed on in place, piece by piece; every other frame is handed on whole, and only one that
 * is split is copied. Bound: it holds one frame that is not DATA, of at most the announced size.
 */
export class FrameReader {
  /** Of the frame that the sink is told of. */
  streamId = 0;
  flags = 0;
  type = 0;
  readonly #sink: FrameSink;
  /** Frames that have ended. */
  #frameCount = 0;
  #state: 'preface' | 'head' | 'payload' | 'pad-length' | 'data' | 'padding' | 'over' = 'preface';
  /** Bytes that the present state still waits for. */
  #left = preface.byteLength;
  #padding = 0;
  /** A head or payload of which not all has come. */
  #part: Buffer | undefined = undefined;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** The number of the frame that has begun and not ended; 0 when there is none. */
  get openFrame(): number {
    return this.#state === 'head' && this.#part === undefined ? 0 : this.#frameCount + 1;
  }

  /** Nothing is read any more. */
  stop(): void {
    this.#state = 'over';
    this.#part = undefined;
  }

  /** Reads the first `end` of the bytes. */
  read(bytes: Buffer, end: number): void {
    let at = 0;
    while (at < end) {
      switch (this.#state) {
        case 'data':
        case 'padding':
          at = this.#passData(bytes, at, end);
          break;
        case 'over':
          return;
        default:
          at = this.#readWhole(bytes, at, end);
      }
    }
  }

  /** Data and padding are passed over as they come. */
  #passData(bytes: Buffer, at: number, end: number): number {
    const stop = Math.min(end, at + this.#left);
    this.#left -= stop - at;
    if (this.#state === 'data') this.#sink.onData(bytes, at, stop);
    this.#endPart();
    return stop;
  }

  /** Steps on where nothing is left of a part of a DATA frame. */
  #endPart(): void {
    if (this.#left > 0 || this.#state === 'over') return;
    if (this.#state === 'data' && this.#padding > 0) {
      this.#state = 'padding';
      this.#left = this.#padding;
      return;
    }
    this.#endFrame();
    this.#sink.onDataEnd();
  }

  /** Takes a part that is handled whole: from `bytes` if it lies there, else gathered over several reads. */
  #readWhole(bytes: Buffer, at: number, end: number): number {
    const length = this.#left;
    if (this.#part === undefined && end - at >= length) {
      this.#handle(bytes, at, at + length);
      return at + length;
    }
    const part = (this.#part ??= Buffer.allocUnsafe(length));
    const have = part.byteLength - length;
    const stop = Math.min(end, at + length);
    bytes.copy(part, have, at, stop);
    this.#left = length - (stop - at);
    if (this.#state === 'preface' && this.#left > 0) this.#checkPreface(part, 0, have + stop - at);
    if (this.#left > 0) return stop;
    this.#part = undefined;
    this.#handle(part, 0, part.byteLength);
    return stop;
  }

  #handle(bytes: Buffer, start: number, end: number): void {
    switch (this.#state) {
      case 'head':
        this.#handleHead(bytes, start);
        return;
      case 'payload':
        this.#endFrame();
        this.#sink.onFrame(bytes, start, end);
        return;
      case 'pad-length':
        this.#handlePadLength(bytes[start] ?? 0);
        return;
      default:
        if (this.#checkPreface(bytes, start, end)) this.#endFrame();
    }
  }

  #endFrame(): void {
    this.#frameCount++;
    this.#next('head', frameHeadBytes);
  }

  #next(state: 'head' | 'payload' | 'pad-length' | 'data' | 'padding', left: number): void {
    this.#state = state;
    this.#left = left;
  }

  #handleHead(bytes: Buffer, at: number): void {
    const word = bytes.readUInt32BE(at);
    const length = word >>> 8;
    this.type = word & 0xff;
    this.flags = bytes[at + 4] ?? 0;
    this.streamId = bytes.readUInt32BE(at + 5) & 0x7fffffff;
    if (length > firstFrameBytes) {
      this.#break(errorCode.frameSizeError, `frame of ${length} bytes, at most ${firstFrameBytes}`);
    } else if (this.type === frameType.data) {
      this.#beginData(length);
    } else if (length === 0) {
      this.#endFrame();
      this.#sink.onFrame(bytes, at, at);
    } else {
      this.#next('payload', length);
    }
  }

  #beginData(length: number): void {
    this.#padding = 0;
    if ((this.flags & flag.padded) !== 0) {
      if (length === 0) return this.#break(errorCode.frameSizeError, 'padded DATA without a pad length');
      // Before the sink hears of the frame, which may end everything.
      this.#next('pad-length', 1);
      this.#padding = length;
    } else {
      this.#next('data', length);
    }
    this.#sink.onDataBegin(length);
    if (length === 0) this.#endPart();
  }

  #handlePadLength(padding: number): void {
    const rest = this.#padding - 1;
    if (padding > rest) return this.#break(errorCode.protocolError, 'padding longer than its frame');
    this.#padding = padding;
    this.#next('data', rest - padding);
    this.#endPart();
    // A frame of padding alone has no data to wait for.
  }

  #checkPreface(bytes: Buffer, start: number, end: number): boolean {
    if (preface.compare(bytes, start, end, 0, end - start) === 0) return true;
    this.#break(errorCode.protocolError, 'no HTTP/2 preface');
    return false;
  }

  #break(code: number, reason: string): void {
    this.stop();
    this.#sink.onBroken(code, reason);
  }
}
