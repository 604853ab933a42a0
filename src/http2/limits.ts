/**
 * What a peer may ask of a server (RFC 9113 §10.5). Each bound cuts or refuses the one who goes over it, and
 * says so by its name.
 */
export interface Limits {
  /** Connections at a time; more are closed as they come. */
  readonly connectionsMax: number;
  /** Streams at a time on a connection; more are refused with REFUSED_STREAM. */
  readonly streamsMax: number;
  /** Resets that a connection may send per second, on average over some seconds. */
  readonly resetsPerSecondMax: number;
  /** Frames per second that bring nothing: SETTINGS, PRIORITY, empty DATA, small WINDOW_UPDATEs and the like. */
  readonly idleFramesPerSecondMax: number;
  /** Names and values of a request's header fields, each field counted with 32 bytes more. */
  readonly headerListBytesMax: number;
  /** How long headers or a message that have begun may stand still. */
  readonly receiveTimeoutMs: number;
  /** How long a connection may be without streams; 0: as long as it likes. */
  readonly idleTimeoutMs: number;
  /** How long what was written for a connection may stand still before the connection is cut. */
  readonly sendTimeoutMs: number;
  /** Response bytes that wait for one connection that reads slowly, and for all of them together. */
  readonly pendingBytesMax: number;
  readonly pendingBytesMaxOfServer: number;
  /** What a peer may send ahead on a stream, and on all streams of a connection together. */
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
}

export const defaultLimits: Limits = {
  connectionsMax: 10_000,
  streamsMax: 1024,
  resetsPerSecondMax: 2000,
  idleFramesPerSecondMax: 500,
  headerListBytesMax: 64 * 1024,
  receiveTimeoutMs: 30_000,
  idleTimeoutMs: 0,
  sendTimeoutMs: 300_000,
  pendingBytesMax: 64 * 1024 * 1024,
  pendingBytesMaxOfServer: 512 * 1024 * 1024,
  streamWindowBytes: 4 * 1024 * 1024,
  connectionWindowBytes: 64 * 1024 * 1024,
};

/** The bounds by which a connection or a stream was cut or refused, as they are counted. */
export type LimitName =
  /** A connection too many. */
  | 'connections'
  /** A stream too many on its connection. */
  | 'streams'
  /** Streams opened and reset too fast. */
  | 'resets'
  /** Too many frames that bring nothing. */
  | 'idle-frames'
  /** Pings more often than allowed. */
  | 'pings'
  /** Header fields too large. */
  | 'header-list'
  /** Headers or a message that stood still half-sent. */
  | 'receive-timeout'
  /** A connection without streams for too long. */
  | 'idle-timeout'
  /** A peer that took nothing of what was written for it. */
  | 'send-timeout'
  /** Too many response bytes that the peer does not read. */
  | 'pending-bytes'
  /** A peer that answered no ping. */
  | 'keepalive-timeout'
  /** A connection that did not go within the grace of its age. */
  | 'connection-age';

/** How often each bound was met, by a server since its start. */
export type LimitCounts = Record<LimitName, number>;

export function noCounts(): LimitCounts {
  return {
    connections: 0,
    streams: 0,
    resets: 0,
    'idle-frames': 0,
    pings: 0,
    'header-list': 0,
    'receive-timeout': 0,
    'idle-timeout': 0,
    'send-timeout': 0,
    'pending-bytes': 0,
    'keepalive-timeout': 0,
    'connection-age': 0,
  };
}

/** Over how many seconds a rate is averaged: as much as this may come at once. */
const burstSeconds = 4;

/** A rate that may be exceeded for a moment; it says no when more came than time has allowed. */
export class Allowance {
  readonly #perMs: number;
  readonly #most: number;
  #left: number;
  #atMs: number;

  constructor(perSecond: number, nowMs: number) {
    this.#perMs = perSecond / 1000;
    this.#most = perSecond * burstSeconds;
    this.#left = this.#most;
    this.#atMs = nowMs;
  }

  /** Takes one; false when there was none left. The clock is read only then. */
  take(nowMs: () => number): boolean {
    if (this.#left >= 1) {
      this.#left--;
      return true;
    }
    const now = nowMs();
    this.#left = Math.min(this.#most, this.#left + (now - this.#atMs) * this.#perMs);
    this.#atMs = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }

  /** Gives some back for something useful that the peer did. */
  earn(count: number): void {
    this.#left = Math.min(this.#most, this.#left + count);
  }
}
