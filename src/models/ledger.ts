import type { ModelConfig } from '../generated/model_config_pb.js';
import type { FailureReason } from '../inference/error.js';
import type { BatchingReport } from '../scheduling/batching-report.js';
import type { Quantile } from '../telemetry/quantile-sketch.js';
import type { DurationTotal } from './duration-sum.js';
import { Observations, type Stages } from './observations.js';
import type { Summary } from '../telemetry/summary.js';
import { toSeriesLabels, type SeriesLabels } from './series-labels.js';
import {
  addFailures,
  addRecords,
  readRecord,
  type CountedVersion,
  type VersionRecord,
} from './version-record.js';

export interface LedgerOptions {
  /** Triton's histogram of first responses. */
  readonly histograms: boolean;
  /** The quantiles of Triton's summaries; undefined: no summaries. */
  readonly quantiles: readonly Quantile[] | undefined;
  readonly nowMs: () => number;
}

/** How versions with the same labels are now. */
export interface LiveSeries {
  readonly record: VersionRecord;
  /** Of each of them: one, or two while one takes over from another. */
  readonly batching: readonly BatchingReport[];
  readonly aliveCount: number;
  readonly oldestAgeUs: number;
  readonly loadSecs: number;
  readonly summaries: Stages<Summary> | undefined;
  /** Whether the config asks for the response cache. */
  readonly cached: boolean;
  /** The GPUs that its instances run on. */
  readonly gpus: readonly number[];
}

/** What is to be told of one set of labels. */
export interface Series {
  readonly labels: SeriesLabels;
  readonly failures: Readonly<Record<FailureReason, DurationTotal>>;
  /** Undefined when nothing with these labels is loaded any more. */
  readonly live: LiveSeries | undefined;
}

interface Account {
  readonly labels: SeriesLabels;
  readonly versions: Map<CountedVersion, { loadSecs: number }>;
  /** Of versions that are gone, since the first of those without a break. */
  past: VersionRecord | undefined;
  /** Of versions that were gone before that. */
  pastFailures: Readonly<Record<FailureReason, DurationTotal>> | undefined;
}

/** Triton's buckets. */
const firstResponseMs = [100, 500, 2000, 5000];
const firstResponseFamily = 'nv_inference_first_response_histogram_ms';

/** Failures of so many labels are kept without a version that has them; the oldest are forgotten. */
const pastMax = 1000;

/**
 * Metrics of versions by their labels, which live as Triton's do: a version that takes over counts on where the one
 * before stood, and when the last one is unloaded all counts go but those of failures. Nothing here is called for a
 * request: versions count for themselves, and are read and summed up when somebody asks.
 */
export class Ledger {
  readonly #options: LedgerOptions;
  readonly #accounts = new Map<string, Account>();
  readonly #accountOf = new Map<CountedVersion, Account>();

  constructor(options: LedgerOptions) {
    this.#options = options;
  }

  /** What a version that is being loaded observes of its requests. */
  observe(config: ModelConfig): Observations {
    const { histograms, quantiles, nowMs } = this.#options;
    return new Observations(
      { quantiles, firstResponseMs: histograms ? chosenBuckets(config) : undefined },
      nowMs,
    );
  }

  /** A version was loaded. */
  opened(
    loaded: CountedVersion,
    { namespace, loadSecs }: { namespace: string | undefined; loadSecs: number },
  ): void {
    const labels = toSeriesLabels(loaded.config, { version: loaded.version, namespace });
    const key = JSON.stringify(labels);
    const account = this.#accounts.get(key) ?? newAccount(labels);
    // The one that was used last stands last.
    this.#accounts.delete(key);
    this.#accounts.set(key, account);
    const [before] = account.versions.keys();
    const { observations } = loaded.statistics;
    if (before?.statistics.observations !== undefined) {
      observations?.continueSummaries(before.statistics.observations);
    }
    account.versions.set(loaded, { loadSecs });
    this.#accountOf.set(loaded, account);
  }

  /** A version has answered its last request and is gone. */
  closed(loaded: CountedVersion): void {
    const account = this.#accountOf.get(loaded);
    if (account === undefined) return;
    this.#accountOf.delete(loaded);
    account.versions.delete(loaded);
    const record = readRecord(loaded);
    account.past = account.past === undefined ? record : addRecords(record, account.past);
    if (account.versions.size > 0) return;
    account.pastFailures = failuresOf(account, account.past);
    account.past = undefined;
    this.#forgetOldest();
  }

  /** All labels that there are, each with what is counted under it. */
  series(): Series[] {
    return [...this.#accounts.values()].map((account) => {
      const live = readLive(account);
      return { labels: account.labels, failures: failuresOf(account, live?.record), live };
    });
  }

  #forgetOldest(): void {
    const past = [...this.#accounts].filter(([, { versions }]) => versions.size === 0);
    for (const [key] of past.slice(0, Math.max(0, past.length - pastMax))) this.#accounts.delete(key);
  }
}

function newAccount(labels: SeriesLabels): Account {
  return { labels, versions: new Map(), past: undefined, pastFailures: undefined };
}

const none: DurationTotal = { count: 0, ns: 0n };
const noFailures = { rejected: none, canceled: none, backend: none, other: none };

function failuresOf({ pastFailures }: Account, record: VersionRecord | undefined): Series['failures'] {
  return addFailures(pastFailures ?? noFailures, record?.statistics.failures ?? noFailures);
}

function readLive({ versions, past }: Account): LiveSeries | undefined {
  const all = [...versions.keys()];
  // Whoever came last says what the buckets are.
  const newest = all.at(-1);
  if (newest === undefined) return undefined;
  let record = readRecord(newest);
  for (const other of all.slice(0, -1)) record = addRecords(record, readRecord(other));
  if (past !== undefined) record = addRecords(record, past);
  const work = all.map((loaded) => loaded.work);
  return {
    record,
    batching: all.map((loaded) => loaded.batching()),
    aliveCount: work.reduce((sum, { aliveCount }) => sum + aliveCount, 0),
    oldestAgeUs: Math.max(...work.map(({ oldestAgeUs }) => oldestAgeUs)),
    loadSecs: versions.get(newest)?.loadSecs ?? 0,
    summaries: newest.statistics.observations?.summaries,
    cached: newest.config.responseCache?.enable === true,
    gpus: newest.gpus,
  };
}

function chosenBuckets({ modelMetrics }: ModelConfig): readonly number[] {
  const chosen = modelMetrics?.metricControl.findLast(
    ({ metricIdentifier }) => metricIdentifier?.family === firstResponseFamily,
  );
  return chosen?.metricOptions.value?.buckets ?? firstResponseMs;
}
