import { Recorder } from '../../src/loadtest/recorder.js';
import { callRaw, connectRaw } from '../raw/connection.js';
import { wait } from './attack.js';
import { smallCall } from './crowds.js';

/** What the process of the good callers is told. */
export type GoodOrder =
  | { readonly kind: 'start'; readonly port: number; readonly callers: number }
  /** Forget what was counted: the attack begins. */
  | { readonly kind: 'mark' }
  | { readonly kind: 'report' };

export interface GoodFigures {
  readonly calls: number;
  readonly failed: number;
  readonly failures: readonly (readonly [text: string, count: number])[];
  readonly p50Us: number;
  readonly p99Us: number;
}

const pauseMs = 10;
/** Until the attack begins calls follow each other, so that the server's heap has grown to what it will be. */
let warming = true;
let latency = new Recorder();
let failures = new Map<string, number>();

process.on('message', (order: GoodOrder) => {
  if (order.kind === 'start') for (let i = 0; i < order.callers; i++) void call(order.port);
  if (order.kind === 'mark') {
    [latency, failures] = [new Recorder(), new Map()];
    warming = false;
  }
  if (order.kind === 'report') process.send?.(report());
});
process.on('disconnect', () => process.exit(0));

/** A caller with a connection of its own, that connects again when it is lost. */
async function call(port: number): Promise<void> {
  let connection = await connectRaw(port);
  for (;;) {
    const startUs = performance.now() * 1000;
    if (connection?.usable !== true) connection = await connectRaw(port);
    const failure = connection === undefined ? 'not connected' : await callRaw(connection, smallCall);
    if (failure === undefined) latency.record(performance.now() * 1000 - startUs);
    else failures.set(failure, (failures.get(failure) ?? 0) + 1);
    if (!warming) await wait(pauseMs);
  }
}

function report(): GoodFigures {
  const failed = [...failures.values()].reduce((sum, count) => sum + count, 0);
  return {
    calls: latency.count + failed,
    failed,
    failures: [...failures],
    p50Us: latency.quantileUs(0.5),
    p99Us: latency.quantileUs(0.99),
  };
}
