import type { BatchingSpec } from '../config/batching.js';
import { describeProblem, type Problem } from '../config/problem.js';
import type { ModelSpec } from '../config/tensor-spec.js';
import type { CloseReason } from './batcher.js';
import { meanInSystem, requestsPerBatch, rowsPerBatch, type BatchingReport } from './batching-report.js';
import { describeClosed, figure } from './figures.js';
import { mayDiffer } from './fits.js';

/** What a model's config asks of its batcher; `batching` is undefined when it asks for none. */
export interface BatchingConfig {
  readonly batching: BatchingSpec | undefined;
  readonly model: ModelSpec;
}

/** What keeps batches small, and what mends it. */
type Finding = Pick<Problem, 'message' | 'remedy'>;

interface Subject {
  readonly report: BatchingReport;
  readonly batching: BatchingSpec;
  readonly model: ModelSpec;
}

/** Below so many requests here at once there is, mostly, one. */
const aboutOne = 1.5;

/** A reason that closed this share of the batches is worth a word. */
const worthTelling = 0.1;

/** At a rate below this nothing comes, as far as an explanation goes. */
const leastPerSec = 0.1;

/** Answers "why is nothing batched?", or how well it is, in a few sentences with figures and remedies. */
export function explainBatching(report: BatchingReport, { batching, model }: BatchingConfig): string[] {
  const missing = withoutBatches(batching, model);
  if (batching === undefined || missing !== undefined)
    return missing === undefined ? [] : [missing].map(describeProblem);
  if (report.batches === 0) {
    return [
      report.waiting === 0
        ? 'No request has come yet.'
        : `No batch was formed yet, and ${report.waiting} requests wait for an instance.`,
    ];
  }
  const subject = { report, batching, model };
  const findings = [
    largeRequests(subject),
    fewRequests(subject),
    shapes(subject),
    levels(subject),
    ordering(subject),
    preferred(subject),
    objective(subject),
    delay(subject),
  ];
  return [
    summary(subject),
    ...findings.flatMap((found) => (found === undefined ? [] : [describeProblem(found)])),
  ];
}

/** Why a config forbids all batches, if it does. */
function withoutBatches(
  batching: BatchingSpec | undefined,
  { maxBatchSize }: ModelSpec,
): Finding | undefined {
  if (maxBatchSize === 0) {
    return {
      message: 'max_batch_size is 0, so the tensors have no batch dimension and each request runs alone',
      remedy:
        'if the first dimension of all tensors of the model is free, give max_batch_size and dynamic_batching { }, and dims without that dimension',
    };
  }
  if (batching === undefined) {
    return {
      message: `the config has no dynamic_batching, so each request runs alone, though max_batch_size allows ${maxBatchSize} samples`,
      remedy: 'add dynamic_batching { }',
    };
  }
  if (maxBatchSize === 1) return { message: 'max_batch_size is 1', remedy: 'raise max_batch_size' };
  return undefined;
}

function summary({ report, batching: { batchSizeMax } }: Subject): string {
  const requests = figure(requestsPerBatch(report));
  const rows = figure(rowsPerBatch(report));
  return `${report.batches} batches of ${requests} requests, ${rows} of at most ${batchSizeMax} samples, on average (closed: ${describeClosed(report)}).`;
}

function largeRequests({ report, batching: { batchSizeMax } }: Subject): Finding | undefined {
  const rows = report.batchedRows / report.batchedRequests;
  if (2 * rows <= batchSizeMax) return undefined;
  return {
    message: `a request has ${figure(rows)} samples on average, of which two requests hardly fit into ${batchSizeMax}`,
    remedy: 'raise max_batch_size; or leave it, for such requests are batches of their own',
  };
}

function fewRequests({ report, batching: { batchSizeMax } }: Subject): Finding | undefined {
  const here = meanInSystem(report);
  const { instanceCount } = report;
  if (here < aboutOne) {
    return {
      message: `requests come one at a time: a new one found ${figure(here - 1)} others here on average, so there is none to run it with`,
      remedy: 'let clients have several requests open at once, on one connection or on many',
    };
  }
  if (instanceCount < 2 || here > instanceCount || requestsPerBatch(report) >= batchSizeMax / 2)
    return undefined;
  return {
    message: `${instanceCount} instances share ${figure(here)} requests that are here on average, so each is taken at once by an instance of its own`,
    remedy: 'give instance_group a smaller count, or send more requests at once',
  };
}

function shapes({ report, model }: Subject): Finding | undefined {
  const closed = closedBy(report, 'shape-differs');
  if (closed === undefined) return undefined;
  const names = model.inputs.flatMap((input) => (mayDiffer(input) ? [`'${input.name}'`] : []));
  const optional = model.inputs.flatMap((input) => (input.optional ? [`'${input.name}'`] : []));
  const where = [
    ...(names.length > 0 ? [`the shape of ${names.join(', ')}`] : []),
    ...(optional.length > 0 ? [`whether ${optional.join(', ')} was given`] : []),
  ].join(' or ');
  return {
    message: `${closed} because the next request differed in ${where}`,
    remedy:
      'pad inputs to a few common shapes, send requests that are alike one after another, or give allow_ragged_batch to an input if the model is made for it',
  };
}

function levels({ report, batching: { levelCount } }: Subject): Finding | undefined {
  const closed = closedBy(report, 'priority');
  if (closed === undefined) return undefined;
  return {
    message: `${closed} because the next request stood at another of ${levelCount} priority levels and did not fit`,
    remedy: 'use fewer levels',
  };
}

function ordering({ report, batching: { batchSizeMax } }: Subject): Finding | undefined {
  const closed = closedBy(report, 'ordering');
  if (closed === undefined) return undefined;
  const rows = figure(report.batchedRows / report.batchedRequests);
  return {
    message: `${closed} because the next request was too large for the rest of the batch, and none overtakes it; requests have ${rows} samples on average`,
    remedy: `send requests of sizes of which several make ${batchSizeMax}, or raise max_batch_size`,
  };
}

function preferred({ report, batching: { preferredSizes, batchSizeMax } }: Subject): Finding | undefined {
  const closed = closedBy(report, 'preferred');
  if (closed === undefined || (preferredSizes.at(-1) === batchSizeMax && preferredSizes.length === 1))
    return undefined;
  return {
    message: `${closed} at a preferred size (${preferredSizes.join(', ')}), although max_batch_size is ${batchSizeMax}`,
    remedy: 'remove preferred_batch_size, unless the model is much faster at these sizes',
  };
}

function objective({
  report: { learnt },
  batching: { objectiveUs, batchSizeMax },
}: Subject): Finding | undefined {
  if (objectiveUs === undefined || learnt === undefined || learnt.batchSizeMax >= batchSizeMax)
    return undefined;
  const p99 = learnt.p99Us === undefined ? '' : ` (p99 is ${figure(learnt.p99Us / 1000)} ms)`;
  return {
    message: `nereid.latency_objective_ms of ${figure(objectiveUs / 1000)} ms${p99} holds batches to ${learnt.batchSizeMax} of ${batchSizeMax} samples`,
    remedy: 'allow more latency, or leave it so',
  };
}

/** Why an instance that is free does not wait for company, where more requests are here than instances. */
function delay(subject: Subject): Finding | undefined {
  const { report, batching } = subject;
  if (
    requestsPerBatch(report) >= 2 ||
    fewRequests(subject) !== undefined ||
    largeRequests(subject) !== undefined
  )
    return undefined;
  const { delayUs } = batching;
  const { learnt } = report;
  if (delayUs === 0) {
    const runUs = learnt === undefined ? '' : `, some ${figure(learnt.fixedUs + learnt.rowUs)} µs`;
    return {
      message: `max_queue_delay_microseconds is 0: a free instance takes what waits at that moment, and with ${figure(meanInSystem(report))} requests here on average that is seldom more than one`,
      remedy: `set it to about what a run takes${runUs}, or send more requests at once`,
    };
  }
  if (closedBy(report, 'delay-over') !== undefined) {
    return {
      message: `${closedBy(report, 'delay-over')} when their oldest request had waited the ${delayUs} µs of max_queue_delay_microseconds, and too few had come by then`,
      remedy: 'raise it, which costs latency, or send more requests at once',
    };
  }
  return learnt === undefined ? undefined : notWorthIt(subject, learnt);
}

/** Why an adaptive batcher does not wait. */
function notWorthIt({ report }: Subject, learnt: NonNullable<BatchingReport['learnt']>): Finding {
  const { arrivalsPerSec, delayBoundUs, fixedUs, rowUs, effectiveDelayUs } = learnt;
  const rowsPerRequest = report.batchedRows / report.batchedRequests;
  const gapUs = arrivalsPerSec < leastPerSec ? undefined : (1e6 * rowsPerRequest) / arrivalsPerSec;
  if (gapUs !== undefined && gapUs > delayBoundUs) {
    return {
      message: `a request comes every ${figure(gapUs)} µs, and a batch may be held for ${figure(delayBoundUs)} µs at most`,
      remedy: 'raise max_queue_delay_microseconds, which costs latency, or send more requests at once',
    };
  }
  const every = gapUs === undefined ? '' : `, and a request comes every ${figure(gapUs)} µs`;
  return {
    message: `waiting for company would cost more time than it saves: a run takes ${figure(fixedUs)} µs and ${figure(rowUs)} µs for each sample${every}, so batches are held for ${figure(effectiveDelayUs)} µs on average`,
    remedy: 'nothing is wrong; with nereid.batch_delay "exact" the whole delay is waited all the same',
  };
}

/** `120 of 300 batches were closed`, if this reason closed enough of them. */
function closedBy({ batches, closed }: BatchingReport, reason: CloseReason): string | undefined {
  if (closed[reason] < worthTelling * batches) return undefined;
  return `${closed[reason]} of ${batches} batches were closed`;
}
