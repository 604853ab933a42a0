import { InferenceError } from '../../src/inference/error.js';
import { InstancePool, type PooledInstance } from '../../src/instances/pool.js';
import { FakeClock } from './fake-clock.js';
import { FakeInstance } from './fake-instance.js';

export class Pooled extends FakeInstance implements PooledInstance {
  readonly outputs = [];
  closed = false;

  async close(): Promise<void> {
    this.closed = true;
  }
}

/** An instance that is being started: the test says how that ends, and when the instance dies. */
interface Start {
  readonly index: number;
  readonly ready: (instance: Pooled) => void;
  readonly refuse: (error: InferenceError) => void;
  readonly die: (error: InferenceError) => void;
}

export const gone = new InferenceError('unavailable', 'gone');

export function build(count: number) {
  const clock = new FakeClock();
  const starts: Start[] = [];
  const events: string[] = [];
  const pool = new InstancePool<Pooled>(
    (index, die) =>
      new Promise((ready, refuse) => {
        starts.push({ index, ready, refuse, die });
      }),
    {
      count,
      clock,
      events: {
        onDeath: ({ message }) => events.push(`died: ${message}`),
        onRecovered: () => events.push('recovered'),
        onRetry: (error, retryMs) => events.push(`retry in ${retryMs}: ${(error as Error).message}`),
      },
    },
  );
  return { pool, clock, starts, events };
}

/** A pool whose instances are ready. */
export async function started(count: number) {
  const house = build(count);
  const starting = house.pool.start();
  const instances = house.starts.map(({ ready }) => {
    const instance = new Pooled();
    ready(instance);
    return instance;
  });
  await starting;
  return { ...house, instances };
}
