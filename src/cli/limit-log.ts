import type { LimitName } from '../http2/limits.js';
import type { Clock } from '../inference/clock.js';
import type { Log } from '../telemetry/log.js';

/** The flag that sets a limit, for those who meet it. */
const flagOf: Readonly<Record<LimitName, string>> = {
  connections: 'grpc-max-connections',
  streams: 'grpc-max-streams-per-connection',
  resets: 'grpc-max-resets-per-second',
  'idle-frames': 'grpc-max-idle-frames-per-second',
  pings: 'grpc-http2-min-recv-ping-interval-without-data',
  'header-list': 'grpc-max-metadata-bytes',
  'receive-timeout': 'grpc-receive-timeout-ms',
  'idle-timeout': 'grpc-idle-timeout-ms',
  'send-timeout': 'grpc-send-timeout-ms',
  'pending-bytes': 'grpc-max-pending-response-bytes',
  'keepalive-timeout': 'grpc-keepalive-timeout',
  'connection-age': 'grpc-max-connection-age-grace',
};

/** A limit that is met again and again is said this often. */
const saidEveryMs = 10_000;

/** Says in the log which client met which limit. Bound: one line for each limit in ten seconds. */
export class LimitLog {
  readonly #log: Log;
  readonly #clock: Clock;
  /** How often a limit was met since it was said last; absent when it may be said at once. */
  readonly #unsaid = new Map<LimitName, { count: number; peer: string }>();

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  met(name: LimitName, peer: string): void {
    const unsaid = this.#unsaid.get(name);
    if (unsaid === undefined) {
      this.#say(name, 1, peer);
      return;
    }
    unsaid.count++;
    unsaid.peer = peer;
  }

  #say(name: LimitName, count: number, peer: string): void {
    const times = count === 1 ? '' : ` ${count} times, last`;
    this.#log.warning(`gRPC: limit '${name}' met${times} by ${peer} (--${flagOf[name]})`);
    this.#unsaid.set(name, { count: 0, peer });
    this.#clock.after(saidEveryMs, () => {
      const unsaid = this.#unsaid.get(name);
      this.#unsaid.delete(name);
      if (unsaid !== undefined && unsaid.count > 0) this.#say(name, unsaid.count, unsaid.peer);
    });
  }
}
