import { randomBytes } from 'node:crypto';
import type { RequestTrace } from '../inference/request-trace.js';
import { InferenceError } from '../inference/error.js';
import type { RunTimings } from '../inference/timings.js';
import type { SpanPlace } from '../telemetry/trace-record.js';
import type { Entry } from './entry.js';
import type { Answer, Source } from './scatter.js';

/** Tells the traces among a run's requests when it went through what, and once that it was a batch. */
export function traceRun(
  source: Source,
  entries: readonly Entry[],
  { answers, timings }: { readonly answers: readonly Answer[]; readonly timings: RunTimings },
): void {
  let traces: RequestTrace[] | undefined;
  for (let index = 0; index < entries.length; index++) {
    const trace = entries[index]?.request.trace;
    if (trace === undefined) continue;
    const answer = answers[index];
    trace.ran(timings, answer === undefined || answer instanceof InferenceError ? [] : answer.outputs);
    (traces ??= []).push(trace);
  }
  const [first] = traces ?? [];
  if (traces === undefined || first === undefined) return;
  const requests = traces.flatMap(({ subject }) => subject.compute ?? []);
  if (requests.length === 0) return;
  const place = newPlace();
  for (const trace of traces) trace.batch = place;
  let rows = 0;
  for (const entry of entries) rows += entry.rows;
  const { spec, version } = source;
  first.batchRan({
    modelName: spec.name,
    modelVersion: version,
    place,
    rows,
    requestCount: entries.length,
    timings,
    requests,
  });
}

/** As `traceRun`, of requests on which the model has failed: what it did meanwhile is not known. */
export function traceFailure(entries: readonly Entry[], startUs: number, endUs: number): void {
  for (const { request } of entries) {
    request.trace?.stamp('COMPUTE_START', startUs);
    request.trace?.stamp('COMPUTE_END', endUs);
    request.trace?.stamp('REQUEST_END', endUs);
  }
}

/** A trace of its own: a batch belongs to none of its requests. */
function newPlace(): SpanPlace {
  const digits = randomBytes(24).toString('hex');
  return { traceId: digits.slice(0, 32), spanId: digits.slice(32) };
}
