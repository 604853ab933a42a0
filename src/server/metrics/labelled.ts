import type { Series, LiveSeries } from '../../models/ledger.js';
import type { SeriesLabels } from '../../models/series-labels.js';
import type { Family, Sample } from '../../telemetry/metrics.js';

/** One set of labels under which something is loaded. */
export interface LoadedSeries {
  readonly labels: SeriesLabels;
  readonly live: LiveSeries;
}

export function loadedOf(all: readonly Series[]): LoadedSeries[] {
  return all.flatMap(({ labels, live }) => (live === undefined ? [] : [{ labels, live }]));
}

/** A family without samples is not written. */
export type FamilyHead = Omit<Family, 'samples'>;

/** One family, with what each set of labels has to say. */
export function familyOf<T>(
  head: FamilyHead,
  all: readonly T[],
  samplesOf: (one: T) => readonly Sample[],
): Family {
  return { ...head, samples: all.flatMap(samplesOf) };
}
