import { errorCode, streamIdMax } from './frames.js';
import type { FrameWriter } from './frame-writer.js';
import type { Output } from './output.js';
import type { Streams } from './streams.js';

/** How long a peer may take to answer the ping of a departure, and to close its side after the last word. */
const patienceMs = 1000;

const departurePing = Buffer.from('departng');

export interface DepartureParts {
  readonly writer: FrameWriter;
  readonly streams: Streams;
  readonly output: Output;
}

/**
 * RFC 9113 §6.8: how a connection ends. In good order in two steps: a first GOAWAY that refuses nothing, and
 * when the peer has seen it, shown by a ping, a second one that names the last stream that is served; then the
 * streams that run come to their end. After a mistake at once, with its code.
 */
export class Departure {
  /** 'announced': after the first GOAWAY; 'leaving': after the last one; 'over': the last word is said. */
  #state: 'staying' | 'announced' | 'leaving' | 'over' = 'staying';
  #sinceMs = 0;
  #peerLeaves = false;
  readonly #writer: FrameWriter;
  readonly #streams: Streams;
  readonly #output: Output;
  readonly #stopReading: () => void;

  /** `stopReading` is called when the last word was said. */
  constructor(parts: DepartureParts, stopReading: () => void) {
    this.#writer = parts.writer;
    this.#streams = parts.streams;
    this.#output = parts.output;
    this.#stopReading = stopReading;
  }

  get staying(): boolean {
    return this.#state === 'staying';
  }

  /** Whether new streams are still taken. */
  get takesStreams(): boolean {
    return this.#state === 'staying' || this.#state === 'announced';
  }

  get over(): boolean {
    return this.#state === 'over';
  }

  announce(nowMs: number): void {
    if (this.#state !== 'staying') return;
    this.#state = 'announced';
    this.#sinceMs = nowMs;
    this.#writer.goAway(streamIdMax, errorCode.noError, '');
    this.#writer.ping(departurePing);
  }

  /** A ping was answered. */
  answered(payload: Buffer): void {
    if (this.#state === 'announced' && payload.equals(departurePing)) this.#leave();
  }

  peerLeaves(): void {
    this.#peerLeaves = true;
    this.streamsEnded();
  }

  streamsEnded(): void {
    if (this.#streams.count > 0 || this.#state === 'over') return;
    if (this.#state === 'leaving' || this.#peerLeaves) this.#end();
  }

  breakOff(code: number, reason: string): void {
    if (this.#state === 'over') return;
    this.#writer.goAway(this.#streams.lastId, code, reason);
    this.#end();
  }

  /** Whether the peer has had its time to close a connection on which all is said. */
  look(nowMs: number): 'wait' | 'destroy' {
    if (this.#state === 'announced' && nowMs - this.#sinceMs >= patienceMs) this.#leave();
    if (this.#state !== 'over') return 'wait';
    if (this.#sinceMs === 0) this.#sinceMs = nowMs;
    return nowMs - this.#sinceMs >= patienceMs ? 'destroy' : 'wait';
  }

  #leave(): void {
    this.#state = 'leaving';
    this.#streams.endWithAnswers();
    this.#writer.goAway(this.#streams.lastId, errorCode.noError, '');
    this.streamsEnded();
  }

  #end(): void {
    this.#state = 'over';
    this.#sinceMs = 0;
    this.#stopReading();
    this.#output.end();
  }
}
