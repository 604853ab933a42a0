import type { GrpcFrontEnd } from '../frontends/grpc/front-end.js';
import type { Server } from '../server/server.js';
import type { Log } from '../telemetry/log.js';

export interface Leaving {
  readonly server: Server;
  readonly frontEnd: GrpcFrontEnd;
  readonly log: Log;
  readonly budgetSecs: number;
  readonly timer?: Timer;
}

/**
 * Stops in Triton's phases, all within one budget of seconds: the front end takes no more calls and ends
 * those it has, then the models finish what they hold and are unloaded. The result is the exit code.
 */
export async function shutDown({ server, frontEnd, log, budgetSecs, timer }: Leaving): Promise<number> {
  const budget = new Budget(budgetSecs, timer);
  await budget.spend(frontEnd.drain(), (left) => {
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
  if (stopped) return 0;
  log.error('failed to stop server: Internal: Exit timeout expired. Exiting immediately.');
  // A run that is in flight cannot be stopped inside the process, and leaving would wait for it.
  if (server.inFlight().some(({ count }) => count > 0)) {
    await log.flush();
    process.kill(process.pid, 'SIGKILL');
  }
  return 1;
}

/** Calls back once after a time, unless the result is called before. */
export type Timer = (ms: number, callBack: () => void) => () => void;

const realTimer: Timer = (ms, callBack) => {
  const timeout = setTimeout(callBack, ms);
  return () => clearTimeout(timeout);
};

/** What work gets that begins when no second is left: enough to end what is idle. */
const graceMs = 100;

/** Seconds that several waits share. */
export class Budget {
  #left: number;
  readonly #timer: Timer;

  constructor(secs: number, timer: Timer = realTimer) {
    this.#left = secs;
    this.#timer = timer;
  }

  /** Waits for the work, a second at a time; false when the seconds were used up first. */
  async spend(work: Promise<void>, onSecond: (left: number) => void): Promise<boolean> {
    let cancel = (): void => {};
    const used = new Promise<false>((resolve) => {
      const waitASecond = (): void => {
        cancel = this.#timer(1000, () => {
          this.#left--;
          onSecond(this.#left);
          if (this.#left > 0) waitASecond();
          else resolve(false);
        });
      };
      if (this.#left > 0) waitASecond();
      else cancel = this.#timer(graceMs, () => resolve(false));
    });
    try {
      return await Promise.race([work.then(() => true), used]);
    } finally {
      cancel();
    }
  }
}
