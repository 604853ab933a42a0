import type { SpanPlace, TraceStamp } from '../telemetry/trace-record.js';
import { copyBytes, type TensorBytes } from '../tensors/chunked-bytes.js';
import { elementBytes, type Datatype } from '../tensors/datatype.js';
import type { Shape } from '../tensors/shape.js';
import { RegionBytes } from '../tensors/region-bytes.js';
import type { InputTensor } from '../tensors/tensor.js';
import { nowUs } from './now.js';
import { readRegionSync } from './region-io.js';
import type { RunTimings } from './timings.js';

/** Where a trace goes that has ended, and the batches in which traced requests ran. */
export interface TraceSink {
  traceEnded(trace: RequestTrace): void;
  batchRan(batch: BatchTrace): void;
}

/** What a trace holds of a tensor: its first elements, copied. */
export interface TracedTensor {
  readonly activity: 'TENSOR_QUEUE_INPUT' | 'TENSOR_BACKEND_INPUT' | 'TENSOR_BACKEND_OUTPUT';
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: Shape;
  readonly head: Uint8Array;
}

/** An executed batch of which at least one request is traced. */
export interface BatchTrace {
  readonly modelName: string;
  readonly modelVersion: number;
  readonly place: SpanPlace;
  readonly rows: number;
  readonly requestCount: number;
  readonly timings: RunTimings;
  readonly requests: readonly SpanPlace[];
}

/** Of one tensor, and of all tensors of a trace together. */
export const tensorBytesMax = 8192;
const traceBytesMax = 65_536;

/** What is traced of a request, and who it is. */
export interface TraceSubject {
  readonly id: number;
  readonly modelName: string;
  readonly modelVersion: number;
  /** Empty where the caller gave none. */
  readonly requestId: string;
  readonly timestamps: boolean;
  readonly tensors: boolean;
  /** Its place among spans; absent where none are made. */
  readonly compute?: SpanPlace;
  readonly parentSpanId?: string;
  readonly traceState?: string;
}

/**
 * What happened to one request when, noted by all through whose hands it goes. It exists only for requests that
 * are sampled. It ends once, with the answer's last byte or with the error, and is handed to its sink then.
 * Holds no view of the request's or the answer's bytes, and at most 64 KiB of copies.
 */
export class RequestTrace {
  readonly subject: TraceSubject;
  readonly stamps: TraceStamp[] = [];
  readonly tensors: TracedTensor[] = [];
  /** Where the batch stands in which it ran. */
  batch: SpanPlace | undefined = undefined;
  /** Why it failed. */
  error: string | undefined = undefined;
  readonly #sink: TraceSink;
  #tensorBytes = 0;
  #ended = false;

  constructor(subject: TraceSubject, sink: TraceSink) {
    this.subject = subject;
    this.#sink = sink;
  }

  /** Copied bytes of tensors. */
  get heldBytes(): number {
    return this.#tensorBytes;
  }

  stamp(name: string, us = nowUs()): void {
    if (this.subject.timestamps && !this.#ended) this.stamps.push({ name, us });
  }

  /** A model begins with the request: what it was sent. */
  begin(us: number, inputs: readonly InputTensor[]): void {
    this.stamp('REQUEST_START', us);
    if (this.subject.tensors) for (const input of inputs) this.#note('TENSOR_QUEUE_INPUT', input);
  }

  /** A model has run it, or tried to: what it was given and has answered. */
  ran(timings: RunTimings, outputs: readonly InputTensor[]): void {
    this.stamp('COMPUTE_START', timings.startUs);
    this.stamp('COMPUTE_INPUT_END', timings.inputEndUs);
    this.stamp('COMPUTE_OUTPUT_START', timings.inferEndUs);
    this.stamp('COMPUTE_END', timings.endUs);
    this.stamp('REQUEST_END', timings.endUs);
    if (!this.subject.tensors) return;
    const given = this.tensors.map((tensor): TracedTensor => ({
      ...tensor,
      activity: 'TENSOR_BACKEND_INPUT',
    }));
    this.tensors.push(...given);
    for (const output of outputs) this.#note('TENSOR_BACKEND_OUTPUT', output);
  }

  /** Tells those who watch traces of a batch. */
  batchRan(batch: BatchTrace): void {
    this.#sink.batchRan(batch);
  }

  /** The answer was sent, or the request has failed; what comes later is not heard. */
  end(error?: { readonly message: string }): void {
    if (this.#ended) return;
    if (error !== undefined) {
      this.error = error.message;
      const has = (name: string): boolean => this.stamps.some((stamp) => stamp.name === name);
      if (has('REQUEST_START') && !has('REQUEST_END')) this.stamp('REQUEST_END');
    }
    this.#ended = true;
    this.#sink.traceEnded(this);
  }

  #note(activity: TracedTensor['activity'], { name, datatype, shape, data }: InputTensor): void {
    const room = Math.min(tensorBytesMax, traceBytesMax - this.#tensorBytes);
    const head = copyHead(data, room - (room % Math.max(1, elementBytes[datatype])));
    this.#tensorBytes += head.byteLength;
    this.tensors.push({ activity, name, datatype, shape, head });
  }
}

function copyHead(data: TensorBytes | RegionBytes, bytesMax: number): Uint8Array {
  const length = Math.min(data.byteLength, bytesMax);
  const head = new Uint8Array(length);
  if (data instanceof RegionBytes) return readHead(data, head);
  const part = data instanceof Uint8Array ? data.subarray(0, length) : data.slice(0, length);
  copyBytes(part, head, 0);
  return head;
}

/** Nothing where its client has cut the memory off: the run will say so. */
function readHead({ place }: RegionBytes, head: Uint8Array): Uint8Array {
  try {
    readRegionSync({ ...place, byteLength: head.byteLength }, head);
    return head;
  } catch {
    return new Uint8Array(0);
  }
}
