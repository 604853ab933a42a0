import { Observations, type ObservationOptions } from '../../src/models/observations.js';
import { Statistics } from '../../src/models/statistics.js';
import { medianOf } from '../inference/median.js';

/** What recording one request takes of the event loop's time, by what is observed beside the statistics. */
export interface RecordCost {
  readonly name: string;
  readonly ns: number;
}

const requestCount = 200_000;
const rounds = 7;
/** Triton's defaults. */
const quantiles = [
  { quantile: 0.5, error: 0.05 },
  { quantile: 0.9, error: 0.01 },
  { quantile: 0.95, error: 0.001 },
  { quantile: 0.99, error: 0.001 },
  { quantile: 0.999, error: 0.001 },
];

export function measureRecord(): RecordCost[] {
  const observed = (options: ObservationOptions) => () => new Observations(options, () => performance.now());
  const none = { quantiles: undefined, firstResponseMs: undefined };
  return [
    { name: 'statistics alone', ns: measure(() => undefined) },
    { name: 'and metrics', ns: measure(observed(none)) },
    {
      name: 'and summaries and the histogram of Triton',
      ns: measure(observed({ quantiles, firstResponseMs: [100, 500, 2000, 5000] })),
    },
  ];
}

function measure(observations: () => Observations | undefined): number {
  const taken = Array.from({ length: rounds }, () => {
    const statistics = new Statistics(Date.now, observations());
    const before = process.cpuUsage();
    for (let count = 0; count < requestCount; count++) {
      const startUs = count * 7.25;
      const queueUs = (count * 7919) % 3001;
      const inferUs = startUs + queueUs + 20 + ((count * 31) % 997);
      statistics.recordSuccess(
        { rows: 1, startUs, enqueuedUs: startUs + 1 },
        {
          startUs: startUs + queueUs,
          inputEndUs: startUs + queueUs + 20,
          inferEndUs: inferUs,
          endUs: inferUs + 30,
        },
      );
    }
    const { user, system } = process.cpuUsage(before);
    return ((user + system) * 1000) / requestCount;
  });
  return medianOf(taken);
}
