import { chooseDelay, delayModeKey, type DelayMode } from '../config/batching.js';
import type { ModelConfig } from '../generated/model_config_pb.js';
import type { Clock } from '../inference/clock.js';
import { rowsPerBatch, totalsBetween, type BatchingReport } from '../scheduling/batching-report.js';
import { describeClosed, figure } from '../scheduling/figures.js';
import type { Log } from '../telemetry/log.js';

/** The verbose level from which on batching is told. */
const level = 1;

/** A model's batching is told at most this often. */
const everyMs = 10_000;

export interface BatchingLogParts {
  readonly config: ModelConfig;
  readonly version: number;
  readonly log: Log;
  readonly clock: Clock;
  /** What the server says to all models of how a delay is treated. */
  readonly delayMode: DelayMode | undefined;
  readonly report: (nowUs: number) => BatchingReport;
}

/**
 * Tells how a model's dynamic batcher treats its delay, and then every ten seconds what it did, if it did
 * anything, while the log has verbose lines. Does nothing for other models, and has no timer while there are none.
 * The result ends it.
 */
export function startBatchingLog(parts: BatchingLogParts): () => void {
  const { config, version, log, clock, delayMode, report } = parts;
  const { schedulingChoice: choice, name } = config;
  if (choice.case !== 'dynamicBatching') return () => {};
  const fields = { model: name, version };
  const { mode, because } = chooseDelay(config, choice.value, delayMode);
  const why =
    because === undefined
      ? ''
      : `, since ${because}; parameter '${delayModeKey}' or --batch-delay says otherwise`;
  let told: BatchingReport | undefined;
  let drop = (): void => {};
  const tell = (): void => {
    drop = clock.after(everyMs, tell);
    const now = report(clock.nowUs());
    const before = told ?? now;
    told = now;
    if (now.batches === before.batches) return;
    log.verbose(level, `batching of '${name}' version ${version}: ${describeBatching(before, now)}`, fields);
  };
  const follow = (): void => {
    const wanted = log.settings.verboseLevel >= level;
    if (wanted === (told !== undefined)) return;
    if (!wanted) {
      told = undefined;
      drop();
      return;
    }
    log.verbose(level, `batch delay of '${name}' version ${version} is ${mode}${why}`, fields);
    told = report(clock.nowUs());
    drop = clock.after(everyMs, tell);
  };
  follow();
  const endWatch = log.watch(follow);
  return () => {
    endWatch();
    drop();
  };
}

/** What a batcher did between two reports, and what it knows at the second, in one line. */
export function describeBatching(before: BatchingReport, now: BatchingReport): string {
  const done = totalsBetween(before, now);
  const secs = (now.atUs - before.atUs) / 1e6;
  const parts = [
    `${done.batches} batches in ${figure(secs)} s, ${figure(rowsPerBatch(done))} samples on average (${describeClosed(done)})`,
    `${figure(done.requests / secs)} requests/s`,
  ];
  const { learnt } = now;
  if (learnt === undefined) return parts.join('; ');
  const { effectiveDelayUs, delayBoundUs, fixedUs, rowUs, batchSizeMax, p99Us } = learnt;
  parts.push(
    `held for ${figure(effectiveDelayUs)} of at most ${figure(delayBoundUs)} µs`,
    `a run takes ${figure(fixedUs)} µs and ${figure(rowUs)} µs a sample`,
  );
  if (p99Us !== undefined)
    parts.push(`p99 ${figure(p99Us / 1000)} ms with batches of at most ${batchSizeMax}`);
  return parts.join('; ');
}
