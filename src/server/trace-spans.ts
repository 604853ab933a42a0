import { wallOffsetUs } from '../inference/now.js';
import type { BatchTrace, RequestTrace } from '../inference/request-trace.js';
import type { SpanRecord } from '../telemetry/trace-record.js';
import type { TraceDestination } from './traces.js';

/** What takes finished traces as plain data. */
export interface SpanReceiver {
  send(record: SpanRecord): void;
  close(): Promise<void>;
}

/** Traces that become spans. */
export function spanDestination(receiver: SpanReceiver): TraceDestination {
  const sink = {
    traceEnded(trace: RequestTrace): void {
      const {
        id,
        modelName,
        modelVersion,
        requestId,
        compute,
        parentSpanId = '',
        traceState = '',
      } = trace.subject;
      if (compute === undefined) throw new Error('A trace has no place among spans. This is a bug.');
      receiver.send({
        kind: 'request',
        id,
        modelName,
        modelVersion,
        requestId,
        compute,
        parentSpanId,
        traceState,
        stamps: trace.stamps,
        batch: trace.batch,
        error: trace.error,
        wallOffsetUs: wallOffsetUs(),
      });
    },
    batchRan({ timings, ...batch }: BatchTrace): void {
      const stamps = [
        { name: 'COMPUTE_START', us: timings.startUs },
        { name: 'COMPUTE_INPUT_END', us: timings.inputEndUs },
        { name: 'COMPUTE_OUTPUT_START', us: timings.inferEndUs },
        { name: 'COMPUTE_END', us: timings.endUs },
      ];
      receiver.send({ kind: 'batch', ...batch, stamps, wallOffsetUs: wallOffsetUs() });
    },
    close(): void {},
  };
  return { sink: () => sink, close: () => receiver.close() };
}
