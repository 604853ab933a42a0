import { toInferenceError } from '../../inference/error.js';
import type { InferRequest } from '../../inference/request.js';
import type { RequestTrace } from '../../inference/request-trace.js';
import type { InferResponse } from '../../inference/response.js';
import type { ModelVersion } from '../../models/model-version.js';
import type { Server } from '../../server/server.js';
import { readTraceChanges } from '../../server/trace-settings.js';
import type { Traces } from '../../server/traces.js';
import { InferResponseFrame } from './codec/infer-response.js';
import type { TraceSettingRequest, TraceSettingResponse } from './messages.js';
import type { Call, WireMessage } from './transport.js';

/** TraceSetting: reads the settings of a scope, or changes them. */
export function traceSetting(
  server: Server,
  { model_name, settings }: TraceSettingRequest,
): TraceSettingResponse {
  const given = new Map(Object.entries(settings).map(([name, { value }]) => [name, value]));
  const named = server.traceSettings(model_name, readTraceChanges(given, 'grpc'));
  return { settings: Object.fromEntries([...named].map(([name, value]) => [name, { value }])) };
}

/** A request that was just decoded, and the call with which it came; `startUs` says when, if not the call. */
interface Received {
  readonly call: Call;
  readonly model: ModelVersion;
  readonly request: InferRequest;
  readonly startUs?: number;
}

/** Begins the trace of a request, if it is sampled. */
export function beginTrace(traces: Traces, received: Received): RequestTrace | undefined {
  const { call, model, request, startUs = call.startUs ?? 0 } = received;
  const candidate = { modelName: model.spec.name, modelVersion: model.version, requestId: request.id };
  const trace = traces.begin(candidate, call);
  if (trace === undefined) return undefined;
  request.trace = trace;
  // A call that came before anything was traced has not noted when.
  if (startUs > 0) trace.stamp('GRPC_WAITREAD_START', startUs);
  trace.stamp('GRPC_WAITREAD_END');
  return trace;
}

/** An answer of a traced request: the trace ends with the last byte that is taken from it, or when it is dropped. */
export class TracedFrame implements WireMessage {
  readonly byteLength: number;
  readonly #frame: WireMessage;
  readonly #trace: RequestTrace;
  #sending = false;

  constructor(frame: WireMessage, trace: RequestTrace) {
    this.byteLength = frame.byteLength;
    this.#frame = frame;
    this.#trace = trace;
  }

  /** The answer to a request; the trace of one that fails ends here. */
  static async of(trace: RequestTrace, answer: Promise<InferResponse>, id: string): Promise<WireMessage> {
    try {
      const response = await answer;
      trace.stamp('INFER_RESPONSE_COMPLETE');
      return new TracedFrame(new InferResponseFrame(response, id), trace);
    } catch (error) {
      trace.end(toInferenceError(error));
      throw error;
    }
  }

  copy(target: Uint8Array, offset: number, from = 0, to = this.byteLength): number {
    if (!this.#sending) this.#trace.stamp('GRPC_SEND_START');
    this.#sending = true;
    const copied = this.#frame.copy(target, offset, from, to);
    if (to === this.byteLength) {
      this.#trace.stamp('GRPC_SEND_END');
      this.#trace.end();
    }
    return copied;
  }

  drop(): void {
    this.#frame.drop?.();
    this.#trace.end({ message: 'the answer was not sent' });
  }
}
