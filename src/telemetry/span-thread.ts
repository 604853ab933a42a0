import { parentPort, workerData } from 'node:worker_threads';
import { diag, DiagLogLevel } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { FromSpanThread, SpanExportOptions, ToSpanThread } from './span-messages.js';
import { toSpans } from './spans.js';

/**
 * The thread that exports spans: OpenTelemetry's libraries are loaded and spans encoded here, so that the event loop
 * of the server does neither.
 */

if (parentPort === null) throw new Error('This file runs as a thread. This is a bug.');
const port = parentPort;
const options = workerData as SpanExportOptions;
const post = (message: FromSpanThread): void => port.postMessage(message);

// The libraries tell here what they do not throw: spans that were dropped, variables that they cannot read.
const nothing = (): void => {};
diag.setLogger(
  {
    error: nothing,
    warn: (line) => post({ kind: 'warning', line }),
    info: nothing,
    debug: nothing,
    verbose: nothing,
  },
  DiagLogLevel.WARN,
);

const exporter = new OTLPTraceExporter(options.url === undefined ? {} : { url: options.url });

/** Tells of each batch of spans that the receiver has not taken. */
const telling: SpanExporter = {
  export: (spans, done) =>
    exporter.export(spans, (result) => {
      if (result.error !== undefined) {
        post({
          kind: 'warning',
          line: `${spans.length} spans are lost, the receiver has not taken them: ${reasonOf(result.error)}`,
        });
      }
      done(result);
    }),
  shutdown: () => exporter.shutdown(),
};

const processor = new BatchSpanProcessor(telling, {
  maxQueueSize: options.queueSizeMax,
  scheduledDelayMillis: options.scheduleDelayMs,
  maxExportBatchSize: options.exportBatchSizeMax,
});

/** What the command line says comes before the environment, and both before the default. */
const resource = defaultResource()
  .merge(resourceFromAttributes({ 'service.name': 'triton-inference-server' }))
  .merge(detectResources({ detectors: [envDetector] }))
  .merge(resourceFromAttributes(options.resource));

port.on('message', (message: ToSpanThread) => {
  if (message.kind === 'close') {
    void processor
      .shutdown()
      .catch(nothing)
      .then(() => {
        post({ kind: 'closed' });
        port.close();
      });
    return;
  }
  for (const record of message.records) for (const span of toSpans(record, resource)) processor.onEnd(span);
  post({ kind: 'took', count: message.records.length });
});
post({ kind: 'ready' });

function reasonOf(error: Error): string {
  const { message, code } = error as Error & { readonly code?: string | number };
  // An error of several addresses has no text of its own.
  return [message, code].filter((part) => part !== undefined && part !== '').join(', ');
}
