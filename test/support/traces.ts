import { TraceFiles } from '../../src/server/trace-files.js';
import { defaultTraceSettings, type TraceSettings } from '../../src/server/trace-settings.js';
import { Traces, type TraceDestination, type TracesOptions } from '../../src/server/traces.js';
import { RareLog } from '../../src/telemetry/rare-log.js';

export interface TraceSetup extends Partial<Omit<TracesOptions, 'settings'>> {
  readonly settings?: Partial<TraceSettings>;
  readonly destination?: TraceDestination;
  /** Hears what the log would tell. */
  readonly onWarning?: (line: string) => void;
}

/** Traces as a command line without flags has them, but for what is named. */
export function testTraces({ settings, destination, onWarning, ...named }: TraceSetup = {}): Traces {
  const options: TracesOptions = {
    mode: 'triton',
    file: '',
    modeSettings: new Map(),
    ...named,
    settings: { ...defaultTraceSettings, ...settings },
  };
  const log = new RareLog({ warning: onWarning ?? (() => {}) }, () => 0);
  return new Traces(options, destination ?? new TraceFiles(options.file, log));
}
