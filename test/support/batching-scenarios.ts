import type { Load, Model, Scenario } from './batching-simulation.js';

/** A scenario with the bound that its model's owner set for the delay. */
export interface NamedScenario extends Scenario {
  readonly name: string;
  readonly maxDelayUs: number;
}

/** About a matrix product of 64 rows: most of a run's time does not depend on its rows. */
const flat: Model = { fixedUs: 300, rowUs: 5, noise: 0.1, instances: 1, batchMax: 64 };
const middling: Model = { fixedUs: 250, rowUs: 25, noise: 0.1, instances: 1, batchMax: 64 };
/** Every row costs nearly what a run costs. */
const steep: Model = { fixedUs: 200, rowUs: 150, noise: 0.1, instances: 1, batchMax: 64 };
const tiny: Model = { fixedUs: 60, rowUs: 1, noise: 0.1, instances: 1, batchMax: 64 };
/** An image model: milliseconds a row, little to gain by batches. */
const heavy: Model = { fixedUs: 4000, rowUs: 16_000, noise: 0.03, instances: 1, batchMax: 8 };

const closed = (clients: number, returnUs = 60, jitterUs = 20): Load => ({
  kind: 'closed',
  clients,
  returnUs,
  jitterUs,
});
const poisson = (perSec: number): Load => ({ kind: 'poisson', perSec });

interface Options {
  readonly maxDelayUs?: number;
  readonly requests?: number;
  readonly loopUs?: number;
}

function stationary(name: string, model: Model, load: Load, options: Options = {}): NamedScenario {
  const { maxDelayUs = 500, requests = 8000, loopUs = 6 } = options;
  return { name, seed: 7, model, maxDelayUs, loopUs, phases: [{ load, requests }] };
}

/** Loads that stay what they are. */
export const stationaryScenarios: readonly NamedScenario[] = [
  stationary('flat, 1 client', flat, closed(1)),
  stationary('flat, 2 clients', flat, closed(2)),
  stationary('flat, 8 clients', flat, closed(8)),
  stationary('flat, 8 clients, long bound', flat, closed(8), { maxDelayUs: 5000 }),
  stationary('flat, 8 clients, scattered', flat, closed(8, 60, 150)),
  stationary('flat, 8 clients, stalls', { ...flat, noise: 0.4, stallOneIn: 200 }, closed(8)),
  stationary('flat, 8 clients that think', flat, closed(8, 60, 3000)),
  stationary('flat, 64 clients', flat, closed(64)),
  stationary('flat, 40 clients', flat, closed(40)),
  stationary('flat, 200 clients', flat, closed(200)),
  stationary('middling, 8 clients', middling, closed(8)),
  stationary('middling, 32 clients', middling, closed(32)),
  stationary('middling, 64 clients', middling, closed(64)),
  stationary('steep, 4 clients', steep, closed(4)),
  stationary('steep, 8 clients', steep, closed(8)),
  stationary('steep, 64 clients', steep, closed(64)),
  stationary('steep, 64 clients, batch of 256', { ...steep, batchMax: 256 }, closed(64)),
  stationary('flat, 64 clients, batch of 256', { ...flat, batchMax: 256 }, closed(64)),
  stationary('flat, 16 clients, fast loop', flat, closed(16), { loopUs: 2 }),
  stationary('middling, 16 clients, fast loop', middling, closed(16), { loopUs: 2 }),
  stationary('tiny, 2 clients', tiny, closed(2), { maxDelayUs: 100 }),
  stationary('tiny, 8 clients, bound 100', tiny, closed(8), { maxDelayUs: 100 }),
  stationary('tiny, 64 clients, bound 100', tiny, closed(64), { maxDelayUs: 100 }),
  stationary('heavy, 8 clients', heavy, closed(8), { maxDelayUs: 5000, requests: 3000 }),
  stationary('heavy, 16 clients', heavy, closed(16), { maxDelayUs: 5000, requests: 3000 }),
  stationary('flat, 8 clients, 2 instances', { ...flat, instances: 2 }, closed(8)),
  stationary('middling, 32 clients, 2 instances', { ...middling, instances: 2 }, closed(32)),
  stationary('tiny, 8 clients, 4 instances', { ...tiny, instances: 4 }, closed(8)),
  stationary('flat, 10,000/s, 2 instances', { ...flat, instances: 2 }, poisson(10_000)),
  stationary('flat, 10,000/s, batch of 4', { ...flat, batchMax: 4 }, poisson(10_000)),
  stationary('flat, 500/s', flat, poisson(500)),
  stationary('flat, 2,000/s', flat, poisson(2000)),
  stationary('flat, 5,000/s', flat, poisson(5000)),
  stationary('flat, 10,000/s', flat, poisson(10_000)),
  stationary('flat, 30,000/s', flat, poisson(30_000)),
  stationary('middling, 5,000/s', middling, poisson(5000)),
  stationary('middling, 20,000/s', middling, poisson(20_000)),
  stationary('steep, 2,000/s', steep, poisson(2000)),
  stationary('steep, 5,000/s', steep, poisson(5000)),
  stationary('heavy, 40/s', heavy, poisson(40), { maxDelayUs: 5000, requests: 3000 }),
  stationary('flat, bursts of 16', flat, { kind: 'bursts', size: 16, spreadUs: 200, everyUs: 5000 }),
  stationary('flat, bursts of 40', flat, { kind: 'bursts', size: 40, spreadUs: 400, everyUs: 20_000 }),
];

const change = (name: string, loads: readonly Load[], requests = 3000): NamedScenario => ({
  name,
  seed: 11,
  model: flat,
  maxDelayUs: 500,
  loopUs: 6,
  phases: loads.map((load) => ({ load, requests })),
});

/** Loads that change at once into others. */
export const changingScenarios: readonly NamedScenario[] = [
  change('8, 1, 64, 8 clients', [closed(8), closed(1), closed(64), closed(8)]),
  change('10,000/s, 300/s, 10,000/s', [poisson(10_000), poisson(300), poisson(10_000)]),
  change('300/s, bursts of 32, 300/s', [
    poisson(300),
    { kind: 'bursts', size: 32, spreadUs: 300, everyUs: 5000 },
    poisson(300),
  ]),
];
