import { Registry } from 'prom-client';

/** One value of a family; `suffix` is what its name has more than the family's, as `_sum`. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly suffix?: string;
}

/** Values of one name, as Prometheus knows them. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly samples: readonly Sample[];
}

/** Reads plain numbers from wherever they are kept, at the moment of a scrape. */
export type MetricSource = () => readonly Family[];

/** How a page of metrics describes itself: Prometheus's text format in Triton's words. */
export const metricsContentType = 'text/plain; charset=utf-8';

const omittedFamily = 'nereid_metrics_omitted_series';

/** What is written in one go of the event loop. */
const samplesPerTurn = 250;

/**
 * All metrics as one text. The library sees them only here: nothing that serves requests does.
 * Bound: `seriesMax` series. A family that does not fit is left out whole, so that no sum over it is wrong in
 * silence; those of the sources that were given first fit first, and one gauge tells how many series are missing.
 */
export class MetricsPage {
  readonly #sources: readonly MetricSource[];
  readonly #seriesMax: number;
  #writing: Promise<string> | undefined;

  constructor(sources: readonly MetricSource[], seriesMax: number) {
    this.#sources = sources;
    this.#seriesMax = seriesMax;
  }

  /** The page as of now; who asks while it is written gets the same. */
  read(): Promise<string> {
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined));
    return this.#writing;
  }

  async #write(): Promise<string> {
    const families = this.#sources.flatMap((source) => source());
    const { fitting, omittedCount } = fit(families, this.#seriesMax);
    const omitted: Family = {
      name: omittedFamily,
      help: 'Series that were left out because the page would be larger than --metrics-max-series',
      type: 'gauge',
      samples: [{ labels: {}, value: omittedCount }],
    };
    const texts: string[] = [];
    for (const family of [...fitting, omitted]) texts.push(await writeFamily(family));
    return texts.join('');
  }
}

function fit(families: readonly Family[], seriesMax: number): { fitting: Family[]; omittedCount: number } {
  let room = seriesMax;
  let omittedCount = 0;
  const fitting = families.filter(({ samples }) => {
    const fits = samples.length <= room;
    if (fits) room -= samples.length;
    else omittedCount += samples.length;
    return fits;
  });
  return { fitting, omittedCount };
}

/** A family of many series is written over several turns of the event loop. */
async function writeFamily(family: Family): Promise<string> {
  const { samples } = family;
  if (samples.length === 0) return '';
  const parts: string[] = [];
  for (let start = 0; start < samples.length; start += samplesPerTurn) {
    if (start > 0) await new Promise((resolve) => setImmediate(resolve));
    const text = await format({ ...family, samples: samples.slice(start, start + samplesPerTurn) });
    parts.push(start === 0 ? text : text.slice(text.indexOf('\n', text.indexOf('\n# TYPE ') + 1) + 1));
  }
  await new Promise((resolve) => setImmediate(resolve));
  return parts.join('');
}

function format({ name, help, type, samples }: Family): Promise<string> {
  const registry = new Registry();
  const values = samples.map(({ labels, value, suffix = '' }) => ({
    metricName: `${name}${suffix}`,
    labels,
    value,
  }));
  const metric = { name, get: async () => ({ name, help, type, values, aggregator: 'sum' }) };
  registry.registerMetric(metric as unknown as Parameters<typeof registry.registerMetric>[0]);
  return registry.metrics();
}
