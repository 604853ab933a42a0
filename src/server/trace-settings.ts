import { InferenceError, invalidArgument } from '../inference/error.js';

/** What is traced of a sampled request; nothing: tracing is off. */
export interface TraceLevel {
  readonly timestamps: boolean;
  readonly tensors: boolean;
}

export const levelOff: TraceLevel = { timestamps: false, tensors: false };

/** What can be set, and set anew while the server runs. */
export interface TraceSettings {
  readonly level: TraceLevel;
  /** Every so manieth request is sampled; 0: only those that belong to a trace of their caller. */
  readonly rate: number;
  /** Traces that may still be made; -1: any number. */
  readonly count: number;
  /** Traces in one file; 0: all. */
  readonly logFrequency: number;
}

export const defaultTraceSettings: TraceSettings = {
  level: levelOff,
  rate: 1000,
  count: -1,
  logFrequency: 0,
};

export type TraceMode = 'triton' | 'opentelemetry';

/** What holds as long as the server runs. */
export interface TraceOutput {
  readonly mode: TraceMode;
  /** Where traces of the mode triton are written; empty: nowhere is said. */
  readonly file: string;
  /** Settings of the mode opentelemetry, as they are answered. */
  readonly modeSettings: ReadonlyMap<string, readonly string[]>;
}

/** What a scope sets by itself. */
export type OwnSettings = Partial<TraceSettings>;

/** What a call changes: null falls back, what is absent stays. */
export type TraceChanges = { readonly [Key in keyof TraceSettings]?: TraceSettings[Key] | null };

/** Settings by their names on the wire. */
export type NamedSettings = ReadonlyMap<string, readonly string[]>;

/** Reads what a call asks for; `front` is the front end, whose texts differ by a blank. */
export function readTraceChanges(given: NamedSettings, front: 'grpc' | 'http'): TraceChanges {
  if (given.has('trace_file')) {
    throw new InferenceError(
      'unsupported',
      'trace file location can not be updated through network protocol',
    );
  }
  const level = readLevel(given.get('trace_level'));
  const rate = readCount(given, 'trace_rate');
  const count = readRemaining(given, front === 'grpc' ? ' ' : '');
  const logFrequency = readCount(given, 'log_frequency');
  return {
    ...(level === undefined ? {} : { level }),
    ...(rate === undefined ? {} : { rate }),
    ...(count === undefined ? {} : { count }),
    ...(logFrequency === undefined ? {} : { logFrequency }),
  };
}

/** Names that it does not know it passes over, and a list of nothing else changes nothing. */
function readLevel(values: readonly string[] | undefined): TraceLevel | null | undefined {
  if (values === undefined) return undefined;
  if (values.length === 0) return null;
  if (values.includes('OFF')) {
    if (values.length > 1) throw invalidArgument("Expect only one trace level 'OFF' is specified");
    return levelOff;
  }
  const level = { timestamps: values.includes('TIMESTAMPS'), tensors: values.includes('TENSORS') };
  return level.timestamps || level.tensors ? level : undefined;
}

const largest = 2147483647;

/** The one value of a setting; null where it is to be cleared. */
function readSingle(given: NamedSettings, key: string): string | null | undefined {
  const values = given.get(key);
  if (values === undefined) return undefined;
  if (values.length > 1) throw invalidArgument(`expect only 1 value for '${key}'`);
  return values[0] ?? null;
}

function readCount(given: NamedSettings, key: string): number | null | undefined {
  const text = readSingle(given, key);
  if (text === undefined || text === null) return text;
  const value = readInteger(key, text);
  if (value >= 0 && value <= largest) return value;
  throw invalidArgument(`Unable to parse '${key}', value is out of range [ 0, 4294967295 ], got: ${text}`);
}

function readRemaining(given: NamedSettings, blank: string): number | null | undefined {
  const key = 'trace_count';
  const text = readSingle(given, key);
  if (text === undefined || text === null) return text;
  const value = readInteger(key, text);
  if (value > largest || value < -largest - 1) {
    throw invalidArgument(`Unable to parse '${key}', value is out of range [ -1, ${largest} ], got: ${text}`);
  }
  if (value < -1) {
    throw invalidArgument(`Unable to parse '${key}'. Expecting value >= -1, got:${blank}${text}`);
  }
  return value;
}

function readInteger(key: string, text: string): number {
  if (!/^\s*[+-]?\d+\s*$/.test(text)) throw invalidArgument(`Unable to parse '${key}', got: ${text}`);
  return Number(text);
}

/** What a scope sets by itself once the changes are made. */
export function changeOwn(own: OwnSettings, changes: TraceChanges): OwnSettings {
  const entries = Object.entries({ ...own, ...changes }).filter(([, value]) => value !== null);
  return Object.fromEntries(entries);
}

export function isOff({ timestamps, tensors }: TraceLevel): boolean {
  return !timestamps && !tensors;
}

/** Refuses settings by which nothing could be traced although something is to be. */
export function checkTraceSettings({ level, rate, count }: TraceSettings, { mode, file }: TraceOutput): void {
  if (isOff(level)) return;
  const reason = (): string | undefined => {
    if (rate === 0) return 'sample rate must be non-zero';
    if (mode === 'triton' && file === '') return 'trace file name is not given';
    return count === 0 ? '' : undefined;
  };
  const found = reason();
  if (found !== undefined) throw invalidArgument(`Attempting to set invalid trace setting :${found}`);
}

/** The complete settings of a scope, by their names on the wire. */
export function nameTraceSettings(settings: TraceSettings, output: TraceOutput): NamedSettings {
  const named = new Map<string, readonly string[]>([
    ['trace_level', levelNames(settings.level)],
    ['trace_rate', [String(settings.rate)]],
    ['trace_count', [String(settings.count)]],
  ]);
  if (output.mode === 'triton') {
    named.set('log_frequency', [String(settings.logFrequency)]);
    named.set('trace_file', [output.file]);
  }
  named.set('trace_mode', [output.mode]);
  if (output.mode === 'opentelemetry')
    for (const [key, values] of output.modeSettings) named.set(key, values);
  return named;
}

function levelNames(level: TraceLevel): string[] {
  if (isOff(level)) return ['OFF'];
  return [...(level.timestamps ? ['TIMESTAMPS'] : []), ...(level.tensors ? ['TENSORS'] : [])];
}
