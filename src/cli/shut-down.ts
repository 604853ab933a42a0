import type { GrpcFrontEnd } from '../frontends/grpc/front-end.js';
import type { Clock } from '../inference/clock.js';
import type { Server } from '../server/server.js';
import type { Log } from '../telemetry/log.js';

export interface Leaving {
  readonly server: Server;
  readonly frontEnd: GrpcFrontEnd;
  readonly log: Log;
  readonly budgetSecs: number;
  readonly clock: Clock;
}

/**
 * Stops in Triton's phases, all within one budget of seconds: the front end takes no more calls and ends
 * those it has, for which no request waits for company any more, then the models finish what they hold and
 * are unloaded. The result is the exit code.
 */
export async function shutDown({ server, frontEnd, log, budgetSecs, clock }: Leaving): Promise<number> {
  const budget = new Budget(budgetSecs, clock);
  const drained = frontEnd.drain();
  server.hurry();
  await budget.spend(drained, (left) => {
    log.info(`Timeout ${left}: Found ${frontEnd.callCount} gRPC service connections and inference handlers`);
  });
  log.info('Waiting for in-flight requests to complete.');
  const stopped = await budget.spend(server.close(), (left) => {
    const busy = server.inFlight().filter(({ count }) => count > 0);
    log.info(`Timeout ${left}: Found ${busy.length} model versions that have in-flight inferences`);
    for (const { model, version, count } of busy) {
      log.info(`Model '${model}' (version ${version}) has ${count} in-flight inferences`);
    }
  });
  frontEnd.close();
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
