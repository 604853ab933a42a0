/** When connections are pinged, and how often peers may ping. All of it as gRPC has it. */
export interface KeepaliveOptions {
  /** A connection that was silent for so long is pinged. */
  readonly timeMs: number;
  /** How long an answer may take. */
  readonly timeoutMs: number;
  /** Whether connections without streams are pinged, and may be pinged as often as others. */
  readonly withoutStreams: boolean;
  /** Pings that are sent while no data is sent in between; 0: any number. */
  readonly pingsWithoutDataMax: number;
  /** The least time between two pings of the peer while no data is sent to it. */
  readonly peerIntervalMs: number;
  /** How many pings too early are forgiven; 0: all. */
  readonly strikesMax: number;
}

/** gRPC's own. */
export const defaultKeepalive: KeepaliveOptions = {
  timeMs: 7_200_000,
  timeoutMs: 20_000,
  withoutStreams: false,
  pingsWithoutDataMax: 2,
  peerIntervalMs: 300_000,
  strikesMax: 2,
};

/** A peer without streams may ping as often as TCP's own keepalive would: every two hours. */
const idlePeerIntervalMs = 2 * 60 * 60 * 1000;

/** What a connection must do about its liveliness. */
export type KeepaliveStep = 'nothing' | 'ping' | 'dead';

/**
 * Tells a dead peer from a silent one, and a peer that pings too often (RFC 9113 §6.7, §10.5). It reads no
 * clock: the time of what happened is given to it.
 */
export class Keepalive {
  readonly #options: KeepaliveOptions;
  #heardMs: number;
  #pingedMs: number | undefined = undefined;
  #pingsWithoutData = 0;
  /** DATA and HEADERS frames that had been sent when pings were last counted. */
  #sentFrameCount = 0;
  #peerPingedMs = -Infinity;
  #strikes = 0;

  constructor(options: KeepaliveOptions, nowMs: number) {
    this.#options = options;
    this.#heardMs = nowMs;
  }

  /** The peer has sent something. */
  heard(nowMs: number): void {
    this.#heardMs = nowMs;
  }

  answered(): void {
    this.#pingedMs = undefined;
  }

  look(nowMs: number, seen: { streamCount: number; sentFrameCount: number }): KeepaliveStep {
    const { timeMs, timeoutMs, withoutStreams, pingsWithoutDataMax } = this.#options;
    if (this.#pingedMs !== undefined) {
      const silent = nowMs - Math.max(this.#pingedMs, this.#heardMs);
      return silent >= timeoutMs ? 'dead' : 'nothing';
    }
    if (nowMs - this.#heardMs < timeMs) return 'nothing';
    if (seen.streamCount === 0 && !withoutStreams) return 'nothing';
    this.#noteSent(seen.sentFrameCount);
    if (pingsWithoutDataMax > 0 && this.#pingsWithoutData >= pingsWithoutDataMax) return 'nothing';
    this.#pingsWithoutData++;
    this.#pingedMs = nowMs;
    return 'ping';
  }

  /** The peer has sent a ping; false when it did so too often. */
  allows(nowMs: number, seen: { streamCount: number; sentFrameCount: number }): boolean {
    const { peerIntervalMs, strikesMax, withoutStreams } = this.#options;
    this.#noteSent(seen.sentFrameCount);
    const idle = seen.streamCount === 0 && !withoutStreams;
    const earliestMs = this.#peerPingedMs + (idle ? idlePeerIntervalMs : peerIntervalMs);
    this.#peerPingedMs = nowMs;
    if (nowMs >= earliestMs) return true;
    this.#strikes++;
    return strikesMax === 0 || this.#strikes <= strikesMax;
  }

  /** Data that is sent shows that the connection is used: pings are forgiven on both sides. */
  #noteSent(sentFrameCount: number): void {
    if (sentFrameCount === this.#sentFrameCount) return;
    this.#sentFrameCount = sentFrameCount;
    this.#pingsWithoutData = 0;
    this.#strikes = 0;
    this.#peerPingedMs = -Infinity;
  }
}
