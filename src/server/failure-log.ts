import type { Clock } from '../inference/clock.js';
import type { Log } from '../telemetry/log.js';

/** A request that was not answered as its client had hoped. Nothing of what it carried is part of it. */
export interface Failure {
  readonly protocol: 'gRPC' | 'HTTP';
  /** `/package.Service/Method`, or the method and the path. */
  readonly method: string;
  /** As the request names it; '' where it names none. */
  readonly model: string;
  /** As the protocol has it: a name or a number. */
  readonly status: string;
  readonly message: string;
  /** Whether the server failed, and not the request. */
  readonly ours: boolean;
  /** Address and port of the client. */
  readonly peer: string;
  /** Undefined where it failed before anybody looked at a clock. */
  readonly durationUs: number | undefined;
}

/** Hears of requests that failed. */
export type OnFailure = (failure: Failure) => void;

/** Lines that one window of time may have. */
const linesMax = 10;
const windowMs = 10_000;

/** What a line shows of a text that a client may have made long. */
const charactersMax = 500;

/**
 * One line for each request that failed. Bound: ten in ten seconds, and one more that says how many there would
 * have been.
 */
export class FailureLog {
  readonly #log: Log;
  readonly #clock: Clock;
  /** In the window that runs; undefined while none does. */
  #count: number | undefined = undefined;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  tell(failure: Failure): void {
    if (this.#count === undefined) {
      this.#count = 0;
      this.#clock.afterIfAlive(windowMs, () => this.#endWindow());
    }
    this.#count++;
    if (this.#count <= linesMax) this.#write(failure);
  }

  #write({ protocol, method, model, status, message, ours, peer, durationUs }: Failure): void {
    const error = shorten(message);
    const durationMs = durationUs === undefined ? undefined : Math.round(durationUs) / 1000;
    const about = [
      ...(model === '' ? [] : [`model '${shorten(model)}'`]),
      `client ${peer}`,
      ...(durationMs === undefined ? [] : [`${durationMs} ms`]),
    ];
    const line = `${protocol} ${shorten(method)} failed: ${status}: ${error} (${about.join(', ')})`;
    const fields = {
      protocol,
      method: shorten(method),
      model: shorten(model),
      status,
      error,
      peer,
      ...(durationMs === undefined ? {} : { durationMs }),
    };
    if (ours) this.#log.warning(line, fields);
    else this.#log.info(line, fields);
  }

  #endWindow(): void {
    const left = (this.#count ?? 0) - linesMax;
    this.#count = undefined;
    if (left <= 0) return;
    this.#log.info(`${left} more requests failed in the last ${windowMs / 1000} s`, { failures: left });
  }
}

function shorten(text: string): string {
  return text.length > charactersMax ? `${text.slice(0, charactersMax - 1)}…` : text;
}
