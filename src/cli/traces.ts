import type { Clock } from '../inference/clock.js';
import { nowUs } from '../inference/now.js';
import { TraceFiles } from '../server/trace-files.js';
import { spanDestination } from '../server/trace-spans.js';
import { Traces } from '../server/traces.js';
import type { Log } from '../telemetry/log.js';
import { RareLog } from '../telemetry/rare-log.js';
import { SpanExport } from '../telemetry/span-export.js';
import type { TraceFlags } from './trace-options.js';
import { UsageError } from './usage-error.js';

/** Traces as they were asked for. What exports spans is loaded only for the mode opentelemetry. */
export async function openTraces(flags: TraceFlags, log: Log): Promise<Traces> {
  const rare = new RareLog(log, nowUs);
  if (flags.spans === undefined) return new Traces(flags, new TraceFiles(flags.file, rare));
  try {
    return new Traces(flags, spanDestination(await SpanExport.open(flags.spans, rare)));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      `--trace-config=mode=opentelemetry: OpenTelemetry's libraries cannot be loaded (${reason.split('\n')[0]}); ` +
        'install the optional dependencies: npm install --include=optional',
    );
  }
}

/** A receiver that does not answer holds the exit up for no longer. */
const closeMs = 5000;

/** Has all traces written or sent; resolves when they are, or when that takes too long. */
export function closeTraces(traces: Traces, log: Log, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(closeMs, () => {
      log.warning('traces: not all of them could be written or sent in time');
      resolve();
    });
    void traces.close().finally(() => {
      cancel();
      resolve();
    });
  });
}
