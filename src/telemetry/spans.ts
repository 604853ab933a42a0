import { randomBytes } from 'node:crypto';
import { createTraceState, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import type { Attributes, HrTime, Link, SpanContext } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan, TimedEvent } from '@opentelemetry/sdk-trace-base';
import type { BatchRecord, SpanPlace, SpanRecord, TraceRecord, TraceStamp } from './trace-record.js';

/** The name under which the spans are known: that of the library which makes them. */
const scope = { name: 'nereid' };

/** Moments of a model's part in a request, and of the run; the others are the front end's. */
const modelStamps = ['REQUEST_START', 'QUEUE_START', 'REQUEST_END'];
const computeStamps = ['COMPUTE_START', 'COMPUTE_INPUT_END', 'COMPUTE_OUTPUT_START', 'COMPUTE_END'];

/** Makes spans of finished traces and batches. */
export function toSpans(record: SpanRecord, resource: Resource): ReadableSpan[] {
  return record.kind === 'batch' ? [batchSpan(record, resource)] : requestSpans(record, resource);
}

interface Frame {
  readonly name: string;
  readonly place: SpanPlace;
  readonly parentSpanId?: string;
  /** Whether the parent is a span of another process. */
  readonly remoteParent?: boolean;
  readonly kind?: SpanKind;
  readonly from: number;
  readonly to: number;
  readonly attributes?: Attributes;
  readonly events?: readonly TraceStamp[];
  readonly links?: readonly SpanPlace[];
}

/**
 * As Triton's: `InferRequest`, in it a span with the model's name, in that `compute`; and `queue`, which is ours. A
 * request that never came to its model, or to a run, has no such span.
 */
function requestSpans(record: TraceRecord, resource: Resource): ReadableSpan[] {
  const { stamps, compute, parentSpanId } = record;
  const times = new Map(stamps.map(({ name, us }) => [name, us]));
  const all = stamps.map(({ us }) => us);
  const [from, to] = [Math.min(...all), Math.max(...all)];
  if (!Number.isFinite(from)) return [];
  const named = (names: readonly string[]): TraceStamp[] => stamps.filter(({ name }) => names.includes(name));
  const span = (frame: Frame): ReadableSpan => toSpan(frame, record, resource);
  const root = newPlace(compute);
  const spans = [
    span({
      name: 'InferRequest',
      place: root,
      parentSpanId,
      remoteParent: true,
      kind: SpanKind.SERVER,
      from,
      to,
      events: stamps.filter(({ name }) => !modelStamps.includes(name) && !computeStamps.includes(name)),
    }),
  ];
  const begun = times.get('REQUEST_START');
  if (begun === undefined) return spans;
  const ended = times.get('REQUEST_END') ?? to;
  const model = newPlace(compute);
  spans.push(
    span({
      name: record.modelName,
      place: model,
      parentSpanId: root.spanId,
      from: begun,
      to: ended,
      attributes: modelAttributes(record),
      events: named(modelStamps),
    }),
  );
  const parentOfSteps = { parentSpanId: model.spanId };
  const [queued, run] = [times.get('QUEUE_START'), times.get('COMPUTE_START')];
  if (queued !== undefined) {
    spans.push(
      span({ name: 'queue', place: newPlace(compute), ...parentOfSteps, from: queued, to: run ?? ended }),
    );
  }
  if (run !== undefined) {
    spans.push(
      span({
        name: 'compute',
        place: compute,
        ...parentOfSteps,
        from: run,
        to: times.get('COMPUTE_END') ?? ended,
        events: named(computeStamps),
        links: record.batch === undefined ? [] : [record.batch],
      }),
    );
  }
  return spans;
}

function modelAttributes({ id, modelName, modelVersion, requestId }: TraceRecord): Attributes {
  return {
    'triton.model_name': modelName,
    'triton.model_version': modelVersion,
    'triton.trace_id': id,
    'triton.trace_parent_id': 0,
    ...(requestId === '' ? {} : { 'triton.request_id': requestId }),
  };
}

/** A batch is a trace of its own, linked to what it computes for. */
function batchSpan(record: BatchRecord, resource: Resource): ReadableSpan {
  const { stamps, place, requests, modelName, modelVersion, rows, requestCount } = record;
  const all = stamps.map(({ us }) => us);
  const frame: Frame = {
    name: 'batch',
    place,
    from: Math.min(...all),
    to: Math.max(...all),
    attributes: {
      'triton.model_name': modelName,
      'triton.model_version': modelVersion,
      'nereid.batch_size': rows,
      'nereid.batch_request_count': requestCount,
    },
    events: stamps,
    links: requests,
  };
  return toSpan(frame, record, resource);
}

function toSpan(frame: Frame, record: SpanRecord, resource: Resource): ReadableSpan {
  const { place, parentSpanId = '', from, to, attributes = {}, events = [], links = [] } = frame;
  const state = record.kind === 'request' ? record.traceState : '';
  const context = contextOf(place, state);
  const error = record.kind === 'request' ? record.error : undefined;
  const at = (us: number): HrTime => wallTime(us + record.wallOffsetUs);
  return {
    name: frame.name,
    kind: frame.kind ?? SpanKind.INTERNAL,
    spanContext: () => context,
    ...(parentSpanId === ''
      ? {}
      : {
          parentSpanContext: {
            ...contextOf({ traceId: place.traceId, spanId: parentSpanId }, state),
            isRemote: frame.remoteParent ?? false,
          },
        }),
    startTime: at(from),
    endTime: at(to),
    duration: wallTime(to - from),
    status:
      error === undefined ? { code: SpanStatusCode.UNSET } : { code: SpanStatusCode.ERROR, message: error },
    attributes,
    events: events.map(({ name, us }): TimedEvent => ({ name, time: at(us) })),
    links: links.map((linked): Link => ({ context: contextOf(linked, '') })),
    ended: true,
    resource,
    instrumentationScope: scope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function contextOf({ traceId, spanId }: SpanPlace, state: string): SpanContext {
  return {
    traceId,
    spanId,
    traceFlags: TraceFlags.SAMPLED,
    ...(state === '' ? {} : { traceState: createTraceState(state) }),
  };
}

function newPlace({ traceId }: SpanPlace): SpanPlace {
  return { traceId, spanId: randomBytes(8).toString('hex') };
}

/** Seconds and nanoseconds of microseconds. */
function wallTime(us: number): HrTime {
  const seconds = Math.floor(us / 1e6);
  return [seconds, Math.round((us - seconds * 1e6) * 1000)];
}
