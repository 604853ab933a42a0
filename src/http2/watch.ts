import { errorCode } from './frames.js';
import type { Limits } from './limits.js';
import type { Stream } from './stream.js';

/** What of a connection is looked at. */
export interface Watched {
  /** Whether the preface and the first SETTINGS have come. */
  readonly settled: boolean;
  /** Of the frame that has begun and not ended, or of the block whose frames have; 0 when there is none. */
  readonly openFrame: number;
  readonly backlogBytes: number;
  /** Writes that the socket has taken. */
  readonly takenCount: number;
  readonly streamCount: number;
  /** Whether the peer has room to send DATA. */
  readonly hasRoom: boolean;
  streams(): Iterable<Stream>;
}

/** What a look has found: nothing, or the limit that was met. */
export type Finding = 'nothing' | 'receive-timeout' | 'send-timeout' | 'idle-timeout';

/** A message that is on its way brings at least this much between two looks at its clock. */
const progressBytesMin = 1024;

/** A peer that takes so many pieces of an answer between two looks will soon have taken it. */
const steadyPieceCount = 64;

/**
 * RFC 9113 §10.5: finds what stands still on a connection. It is asked every so often and reads no clock:
 * something has stood still when it was the same at looks that are a timeout apart.
 */
export class Watch {
  readonly #limits: Limits;
  readonly #sinceMs: number;
  #frame = { number: 0, sinceMs: 0 };
  #taken = { count: 0, sinceMs: 0 };
  #idleSinceMs: number | undefined = undefined;

  constructor(limits: Limits, nowMs: number) {
    this.#limits = limits;
    this.#sinceMs = nowMs;
  }

  look(watched: Watched, nowMs: number): Finding {
    if (this.#receiveStandsStill(watched, nowMs)) return 'receive-timeout';
    if (this.#sendStandsStill(watched, nowMs)) return 'send-timeout';
    if (this.#idlesTooLong(watched, nowMs)) return 'idle-timeout';
    if (watched.streamCount > 0) this.#lookAtStreams(watched, nowMs);
    return 'nothing';
  }

  #receiveStandsStill({ settled, openFrame }: Watched, nowMs: number): boolean {
    const { receiveTimeoutMs } = this.#limits;
    if (!settled && nowMs - this.#sinceMs >= receiveTimeoutMs) return true;
    if (openFrame === 0 || openFrame !== this.#frame.number) {
      this.#frame = { number: openFrame, sinceMs: nowMs };
      return false;
    }
    return nowMs - this.#frame.sinceMs >= receiveTimeoutMs;
  }

  #sendStandsStill({ backlogBytes, takenCount }: Watched, nowMs: number): boolean {
    if (backlogBytes === 0 || takenCount !== this.#taken.count || this.#taken.sinceMs === 0) {
      this.#taken = { count: takenCount, sinceMs: nowMs };
      return false;
    }
    return nowMs - this.#taken.sinceMs >= this.#limits.sendTimeoutMs;
  }

  #idlesTooLong({ streamCount }: Watched, nowMs: number): boolean {
    const { idleTimeoutMs } = this.#limits;
    if (streamCount > 0 || idleTimeoutMs === 0) {
      this.#idleSinceMs = undefined;
      return false;
    }
    this.#idleSinceMs ??= nowMs;
    return nowMs - this.#idleSinceMs >= idleTimeoutMs;
  }

  /** Tells the listeners of streams that owe bytes and bring none. */
  #lookAtStreams(watched: Watched, nowMs: number): void {
    for (const stream of watched.streams()) {
      if (stream.hasQueue) this.#lookAtQueue(stream, nowMs);
      if (
        !stream.awaited ||
        !watched.hasRoom ||
        stream.seenMs === 0 ||
        stream.receivedBytes >= stream.seenBytes
      ) {
        stream.seenBytes = stream.receivedBytes + progressBytesMin;
        stream.seenMs = nowMs;
      } else if (nowMs - stream.seenMs >= this.#limits.receiveTimeoutMs) {
        if (stream.localEnded) stream.reset(errorCode.noError);
        else stream.listener.onStandstill();
      }
    }
  }

  /** A peer that gives a stream no room keeps what waits there; not for ever. */
  #lookAtQueue(stream: Stream, nowMs: number): void {
    // Copying what will leave soon anyway would double the memory of large answers, and hold the event loop.
    const pieceCount = stream.takenCount - stream.seenTaken;
    if (stream.seenTakenMs > 0 && pieceCount < steadyPieceCount) stream.ownQueue();
    if (stream.takenCount !== stream.seenTaken || stream.seenTakenMs === 0) {
      stream.seenTaken = stream.takenCount;
      stream.seenTakenMs = nowMs;
    } else if (nowMs - stream.seenTakenMs >= this.#limits.sendTimeoutMs) {
      stream.reset(errorCode.cancel);
    }
  }
}
