import { refusalReasons } from '../../inference/error.js';
import type { LiveSeries, Series } from '../../models/ledger.js';
import { stageNames } from '../../models/observations.js';
import { closeReasons } from '../../scheduling/batcher.js';
import type { BatchingReport } from '../../scheduling/batching-report.js';
import type { TunerState } from '../../scheduling/delay-tuner.js';
import { histogramSamples, ValueHistogram } from '../../telemetry/histogram.js';
import type { Family, Sample } from '../../telemetry/metrics.js';
import { familyOf, loadedOf, type LoadedSeries } from './labelled.js';

/** Samples of a batch: powers of two. */
const batchSizes = Array.from({ length: 11 }, (_, exponent) => 2 ** exponent);

/** Our own families of models. */
export function modelFamilies(all: readonly Series[]): Family[] {
  const loaded = loadedOf(all);
  return [...requestFamilies(loaded), ...batchFamilies(loaded), ...instanceFamilies(loaded)];
}

function requestFamilies(loaded: readonly LoadedSeries[]): Family[] {
  return [
    familyOf(
      {
        name: 'nereid_request_duration_seconds',
        help: 'Durations of successful requests by stage; request is all of it',
        type: 'histogram',
      },
      loaded,
      ({ labels, live: { record } }) => {
        const { stages } = record;
        if (stages === undefined) return [];
        return stageNames.flatMap((stage) => histogramSamples(stages[stage], { ...labels, stage }));
      },
    ),
    familyOf(
      {
        name: 'nereid_requests_rejected_total',
        help: 'Requests that got no run, by reason; those that Triton counts nowhere too',
        type: 'counter',
      },
      loaded,
      ({ labels, live: { record } }) =>
        refusalReasons.map((reason) => ({ labels: { ...labels, reason }, value: record.refusals[reason] })),
    ),
    gauge(loaded, ['nereid_requests_running', 'Requests that are with an instance'], ({ batching }) =>
      sumOf(batching, ({ running }) => running),
    ),
    gauge(loaded, ['nereid_queue_requests', 'Requests that wait for an instance'], ({ batching }) =>
      sumOf(batching, ({ waiting }) => waiting),
    ),
    gauge(
      loaded,
      ['nereid_queue_oldest_age_seconds', 'How long the request has waited that has waited longest'],
      ({ oldestAgeUs }) => oldestAgeUs / 1e6,
    ),
  ];
}

function batchFamilies(loaded: readonly LoadedSeries[]): Family[] {
  return [
    familyOf(
      { name: 'nereid_batch_size', help: 'Samples of each executed batch', type: 'histogram' },
      loaded,
      ({ labels, live: { record } }) => {
        const sizes = new ValueHistogram(batchSizes);
        for (const { batchSize, compute } of record.statistics.batches) {
          sizes.observe(batchSize, compute.infer.count);
        }
        return histogramSamples(sizes.counts, labels);
      },
    ),
    familyOf(
      {
        name: 'nereid_batches_closed_total',
        help: 'Batches by what kept them from being larger',
        type: 'counter',
      },
      loaded,
      ({ labels, live: { record } }) =>
        closeReasons.map((reason) => ({
          labels: { ...labels, reason: reason.replaceAll('-', '_') },
          value: record.batching.closed[reason],
        })),
    ),
    ...tunerFamilies(loaded),
  ];
}

/** Of batchers that learn how long to wait. */
function tunerFamilies(loaded: readonly LoadedSeries[]): Family[] {
  const learnt = (name: string, help: string, read: (state: TunerState) => number): Family =>
    familyOf({ name, help, type: 'gauge' }, loaded, ({ labels, live }): Sample[] => {
      const state = live.batching.at(-1)?.learnt;
      return state === undefined ? [] : [{ labels, value: read(state) }];
    });
  return [
    learnt(
      'nereid_batch_delay_effective_seconds',
      'How long batches were held of late, on average',
      ({ effectiveDelayUs }) => effectiveDelayUs / 1e6,
    ),
    learnt(
      'nereid_batch_delay_bound_seconds',
      'How long the next batch may be held',
      ({ delayBoundUs }) => delayBoundUs / 1e6,
    ),
    learnt(
      'nereid_batch_size_bound',
      'Samples that the next batch may have',
      ({ batchSizeMax }) => batchSizeMax,
    ),
  ];
}

function instanceFamilies(loaded: readonly LoadedSeries[]): Family[] {
  const counter = (name: string, help: string, read: (live: LiveSeries) => number): Family =>
    familyOf({ name, help, type: 'counter' }, loaded, ({ labels, live }) => [{ labels, value: read(live) }]);
  return [
    gauge(loaded, ['nereid_instances', 'Instances that are alive'], ({ aliveCount }) => aliveCount),
    counter(
      'nereid_instance_busy_seconds_total',
      'How long instances were at work, all of a version together: its rate by nereid_instances is their utilisation',
      ({ record }) => record.busyUs / 1e6,
    ),
    counter(
      'nereid_instance_restarts_total',
      'Instances that were started in the place of one that had died',
      ({ record }) => record.restartCount,
    ),
  ];
}

function gauge(
  loaded: readonly LoadedSeries[],
  [name, help]: readonly [name: string, help: string],
  read: (live: LiveSeries) => number,
): Family {
  return familyOf({ name, help, type: 'gauge' }, loaded, ({ labels, live }) => [
    { labels, value: read(live) },
  ]);
}

function sumOf(reports: readonly BatchingReport[], read: (report: BatchingReport) => number): number {
  return reports.reduce((sum, report) => sum + read(report), 0);
}
