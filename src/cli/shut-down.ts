import type { Clock } from '../inference/clock.js';
import type { Server } from '../server/server.js';
import type { Log } from '../telemetry/log.js';

/** A way in that has work to end. */
export interface Entrance {
  /** What it has left to do, as the log tells it. */
  readonly busy: string;
  /** Takes no new work; resolves when it has ended what it has. */
  drain(): Promise<void>;
  close(): void;
}

export interface Leaving {
  readonly server: Server;
  readonly entrances: readonly Entrance[];
  /** Has what was recorded and not yet written, such as traces, written. */
  readonly flush: () => Promise<void>;
  readonly log: Log;
  readonly budgetSecs: number;
  readonly clock: Clock;
}

/**
 * Stops in Triton's phases, all within one budget of seconds: the front ends take no more calls and end
 * those they have, for which no request waits for company any more, then the models finish what they hold and
 * are unloaded. The result is the exit code.
 */
export async function shutDown(leaving: Leaving): Promise<number> {
  const { server, entrances, log, budgetSecs, clock } = leaving;
  const budget = new Budget(budgetSecs, clock);
  const drained = Promise.all(entrances.map((entrance) => entrance.drain())).then(() => {});
  server.hurry();
  await budget.spend(drained, (left) => {
    for (const { busy } of entrances) log.info(`Timeout ${left}: Found ${busy}`);
  });
  log.info('Waiting for in-flight requests to complete.');
  const stopped = await budget.spend(server.close(), (left) => {
    const busy = server.inFlight().filter(({ count }) => count > 0);
    log.info(`Timeout ${left}: Found ${busy.length} model versions that have in-flight inferences`);
    for (const { model, version, count } of busy) {
      log.info(`Model '${model}' (version ${version}) has ${count} in-flight inferences`);
    }
  });
  for (const entrance of entrances) entrance.close();
  await budget.spend(leaving.flush(), (left) => log.info(`Timeout ${left}: Writing traces`));
  if (stopped) {
    log.info('All models are stopped and unloaded');
    return 0;
  }
  log.error('failed to stop server: Internal: Exit timeout expired. Exiting immediately.');
  // A run that is in flight cannot be stopped inside the process, and leaving would wait for it.
  if (server.inFlight().some(({ count }) => count > 0)) {
    await log.flush();
    process.kill(process.pid, 'SIGKILL');
  }
  return 1;
}

/** What work gets that begins when no second is left: enough to end what is idle. */
const graceMs = 100;

/** Seconds that several waits share. */
export class Budget {
  #left: number;
  readonly #clock: Clock;

  constructor(secs: number, clock: Clock) {
    this.#left = secs;
    this.#clock = clock;
  }

  /** Waits for the work, a second at a time; false when the seconds were used up first. */
  async spend(work: Promise<void>, onSecond: (left: number) => void): Promise<boolean> {
    let cancel = (): void => {};
    const used = new Promise<false>((resolve) => {
      const waitASecond = (): void => {
        cancel = this.#clock.after(1000, () => {
          this.#left--;
          onSecond(this.#left);
          if (this.#left > 0) waitASecond();
          else resolve(false);
        });
      };
      if (this.#left > 0) waitASecond();
      else cancel = this.#clock.after(graceMs, () => resolve(false));
    });
    try {
      return await Promise.race([work.then(() => true), used]);
    } finally {
      cancel();
    }
  }
}
