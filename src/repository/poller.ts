import type { Clock } from '../inference/clock.js';
import type { Log } from '../telemetry/log.js';

/** The state of a model that is not there any more. */
export const goneState = 'gone';

/** A repository that can be asked what has changed, and told to follow. */
export interface Followed {
  /** By the model's key, the state that a change was seen in. */
  changes(): Promise<ReadonlyMap<string, string>>;
  follow(keys: readonly string[]): Promise<void>;
}

export interface PollerParts {
  readonly repository: Followed;
  readonly clock: Clock;
  readonly log: Log;
  readonly pollMs: number;
  /** How long a model must have kept still before it is loaded: one that is being copied is not whole. */
  readonly settleMs: number;
}

/**
 * Looks at a repository from time to time, and soon after it was told that something moved there, and lets it
 * follow what has changed. What changes between two looks is left until it keeps still.
 *
 * Invariant: one look at a time. Bound: a model that keeps still is followed within two settle times of a notice.
 */
export class Poller {
  readonly #parts: PollerParts;
  #drop: (() => void) | undefined;
  #looking = false;
  #again = false;
  #stopped = false;
  #unsettled: ReadonlyMap<string, string> = new Map();

  constructor(parts: PollerParts) {
    this.#parts = parts;
    this.#lookIn(parts.pollMs);
  }

  /** Something moved in the repository. */
  notice(): void {
    if (this.#looking) this.#again = true;
    else if (this.#unsettled.size === 0) this.#lookIn(noticeMs);
  }

  stop(): void {
    this.#stopped = true;
    this.#drop?.();
  }

  #lookIn(delayMs: number): void {
    this.#drop?.();
    if (this.#stopped) return;
    this.#drop = this.#parts.clock.afterIfAlive(delayMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    const { repository, log, pollMs, settleMs } = this.#parts;
    this.#looking = true;
    try {
      const changes = await repository.changes();
      const still = [...changes].filter(([key, state]) => this.#unsettled.get(key) === state);
      for (const [key, state] of changes) {
        if (this.#unsettled.has(key)) continue;
        const what = state === goneState ? 'is gone' : 'has changed';
        log.info(`'${key}' ${what}: it is looked at again when it has kept still for ${settleMs} ms`);
      }
      this.#unsettled = new Map([...changes].filter(([key, state]) => this.#unsettled.get(key) !== state));
      if (still.length > 0) await repository.follow(still.map(([key]) => key));
    } catch (error) {
      this.#unsettled = new Map();
      log.error(
        `cannot look at the model repository: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    this.#looking = false;
    const soon = this.#unsettled.size > 0 ? settleMs : this.#again ? noticeMs : pollMs;
    this.#again = false;
    this.#lookIn(soon);
  }
}

/** Files mostly come together: a little later more of them are there. */
const noticeMs = 50;
