import type { GrpcFrontEnd } from '../frontends/grpc/front-end.js';
import type { Server } from '../server/server.js';
import type { Log } from '../telemetry/log.js';

export interface Leaving {
  readonly server: Server;
  readonly frontEnd: GrpcFrontEnd;
  readonly log: Log;
  readonly budgetSecs: number;
}

/**
 * Stops in Triton's phases, all within one budget of seconds: the front end takes no more calls and ends
 * those it has, then the models finish what they hold and are unloaded. The result is the exit code.
 */
export async function shutDown({ server, frontEnd, log, budgetSecs }: Leaving): Promise<number> {
  const budget = new Budget(budgetSecs);
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
  if (server.inFlight().some(({ count }) => count > 0)) process.kill(process.pid, 'SIGKILL');
  return 1;
}

/** Seconds that several waits share. */
class Budget {
  #left: number;

  constructor(secs: number) {
    this.#left = secs;
  }

  /** Waits for the work, a second at a time; false when the seconds were used up first. */
  async spend(work: Promise<void>, onSecond: (left: number) => void): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const used = new Promise<false>((resolve) => {
      const tick = (): void => {
        if (this.#left <= 0) {
          resolve(false);
          return;
        }
        timer = setTimeout(() => {
          this.#left--;
          onSecond(this.#left);
          tick();
        }, 1000);
      };
      tick();
    });
    // What is done already needs no second, even when none is left.
    const done = await Promise.race([work.then(() => true as const), soon().then(() => used)]);
    clearTimeout(timer);
    return done;
  }
}

function soon(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 100));
}
