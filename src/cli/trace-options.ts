import { nearest } from '../config/nearest.js';
import {
  checkTraceSettings,
  defaultTraceSettings,
  levelOff,
  type TraceLevel,
  type TraceMode,
} from '../server/trace-settings.js';
import type { TracesOptions } from '../server/traces.js';
import type { SpanExportOptions } from '../telemetry/span-messages.js';
import type { FlagReader } from './flag-reader.js';
import { mostMs } from './flag.js';
import { UsageError } from './usage-error.js';

/** What was asked of traces. */
export interface TraceFlags extends TracesOptions {
  /** Only in the mode opentelemetry. */
  readonly spans: SpanExportOptions | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The settings of each mode; '' are those of both. */
const known = {
  '': ['mode', 'rate', 'level', 'count'],
  triton: ['file', 'log-frequency'],
  opentelemetry: ['url', 'resource', 'bsp_max_queue_size', 'bsp_schedule_delay', 'bsp_max_export_batch_size'],
} as const;

type Scope = keyof typeof known;

/** What was given, by `<mode>,<setting>` or `,<setting>`, with how it was written. */
type Given = ReadonlyMap<string, readonly { readonly value: string; readonly source: string }[]>;

const olderForms = {
  'trace-file': 'triton,file',
  'trace-level': ',level',
  'trace-rate': ',rate',
  'trace-count': ',count',
  'trace-log-frequency': 'triton,log-frequency',
} as const;

/** Reads --trace-config and its older forms; `warnings` are lines about what has no effect. */
export function traceFlags(
  read: FlagReader,
  env: Environment,
): { readonly flags: TraceFlags; readonly warnings: readonly string[] } {
  const given = gather(read);
  const mode = readMode(given);
  const settings = {
    level: readLevel(given),
    rate: readNumber(given, ',rate', { fallback: defaultTraceSettings.rate }),
    count: readNumber(given, ',count', { fallback: defaultTraceSettings.count, least: -1 }),
    logFrequency: readNumber(given, 'triton,log-frequency', { fallback: 0 }),
  };
  const file = last(given, 'triton,file')?.value ?? '';
  const spans = mode === 'opentelemetry' ? readSpans(given, env) : undefined;
  const output = { mode, file, modeSettings: spans === undefined ? new Map() : nameSpans(spans) };
  // Only what belongs to a trace of its caller is traced with rate 0, and nothing by a count of 0.
  const rate = mode === 'opentelemetry' ? 1 : settings.rate;
  try {
    checkTraceSettings({ ...settings, rate, count: -1 }, output);
  } catch {
    const remedy =
      rate === 0
        ? 'write rate=1 to trace all requests; with mode=opentelemetry, rate 0 traces those that bring a traceparent'
        : 'name a file with --trace-config=triton,file=<path>, or write --trace-config=mode=opentelemetry';
    throw new UsageError(
      `--trace-config: ${rate === 0 ? 'the rate is 0' : 'there is a level but no file'}: ${remedy}`,
    );
  }
  return { flags: { settings, ...output, spans }, warnings: warnings(given, mode, settings.level) };
}

function gather(read: FlagReader): Given {
  const given = new Map<string, { value: string; source: string }[]>();
  const add = (key: string, value: string, source: string): void => {
    given.set(key, [...(given.get(key) ?? []), { value, source }]);
  };
  for (const [flag, key] of Object.entries(olderForms)) {
    for (const value of read.all(flag)) add(key, value, `--${flag}`);
  }
  for (const config of read.all('trace-config')) {
    const [key, value] = readConfig(config);
    add(key, value, '--trace-config');
  }
  return given;
}

/** `<setting>=<value>` or `<mode>,<setting>=<value>`. */
function readConfig(text: string): [key: string, value: string] {
  const equals = text.indexOf('=');
  if (equals <= 0) {
    throw new UsageError(
      `--trace-config is '${text}', expected <setting>=<value> or <mode>,<setting>=<value>, e.g. rate=100 or triton,file=trace.json`,
    );
  }
  const name = text.slice(0, equals);
  const comma = name.indexOf(',');
  const [scope, setting] = comma === -1 ? ['', name] : [name.slice(0, comma), name.slice(comma + 1)];
  if (comma !== -1 && scope !== 'triton' && scope !== 'opentelemetry') {
    throw new UsageError(
      `--trace-config is '${text}', but '${scope}' is no mode: expected triton or opentelemetry`,
    );
  }
  const names: readonly string[] = known[scope as Scope];
  if (!names.includes(setting)) {
    const meant = nearest(setting, names);
    throw new UsageError(
      `--trace-config is '${text}', but ${scope === '' ? 'traces have' : `mode ${scope} has`} no setting '${setting}'` +
        `${meant === undefined ? '' : `, did you mean '${meant}'?`} Expected one of: ${names.join(', ')}${elsewhere(setting)}`,
    );
  }
  return [`${scope},${setting}`, text.slice(equals + 1)];
}

/** The mode that has the setting, if another one has. */
function elsewhere(setting: string): string {
  for (const [scope, names] of Object.entries(known)) {
    if (!(names as readonly string[]).includes(setting)) continue;
    return `; write --trace-config=${scope === '' ? '' : `${scope},`}${setting}=<value>`;
  }
  return '';
}

function last(given: Given, key: string): { value: string; source: string } | undefined {
  return given.get(key)?.at(-1);
}

function readMode(given: Given): TraceMode {
  const { value = 'triton' } = last(given, ',mode') ?? {};
  if (value === 'triton' || value === 'opentelemetry') return value;
  throw new UsageError(`--trace-config: mode is '${value}', expected triton or opentelemetry`);
}

/** Several levels add up, whichever way they are written; OFF takes back those before it. */
function readLevel(given: Given): TraceLevel {
  let level = levelOff;
  for (const { value, source } of given.get(',level') ?? []) {
    switch (value.toLowerCase()) {
      case 'off':
      case 'false':
        level = levelOff;
        break;
      case 'timestamps':
      case 'true':
      case 'on':
      case 'min':
      case 'max':
        level = { ...level, timestamps: true };
        break;
      case 'tensors':
        level = { ...level, tensors: true };
        break;
      default:
        throw new UsageError(
          `${source === '--trace-config' ? '--trace-config: level' : source} is '${value}', expected OFF, TIMESTAMPS or TENSORS`,
        );
    }
  }
  return level;
}

function readNumber(
  given: Given,
  key: string,
  { fallback, least = 0 }: { readonly fallback: number; readonly least?: number },
): number {
  const written = last(given, key);
  if (written === undefined) return fallback;
  const { value, source } = written;
  if (/^[+-]?\d+$/.test(value) && Number(value) >= least && Number(value) <= mostMs) return Number(value);
  const name = source === '--trace-config' ? `${source}: ${key.replace(/^,/, '')}` : source;
  throw new UsageError(`${name} is '${value}', expected a whole number from ${least} to ${mostMs}`);
}

/** What OpenTelemetry's batch processor takes: its flag, its variable, its default, and the least that makes sense. */
const processor = {
  queueSizeMax: ['bsp_max_queue_size', 'OTEL_BSP_MAX_QUEUE_SIZE', 2048, 1],
  scheduleDelayMs: ['bsp_schedule_delay', 'OTEL_BSP_SCHEDULE_DELAY', 5000, 0],
  exportBatchSizeMax: ['bsp_max_export_batch_size', 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 512, 1],
} as const;

function readSpans(given: Given, env: Environment): SpanExportOptions {
  const size = (name: keyof typeof processor): number => {
    const [setting, variable, fallback, least] = processor[name];
    const text = env[variable] ?? '';
    const byEnvironment = /^\d{1,9}$/.test(text) && Number(text) >= least ? Number(text) : fallback;
    return readNumber(given, `opentelemetry,${setting}`, { fallback: byEnvironment, least });
  };
  const url = last(given, 'opentelemetry,url')?.value;
  if (url !== undefined && !/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : '')) {
    throw new UsageError(
      `--trace-config: opentelemetry,url is '${url}', expected a URL such as http://localhost:4318/v1/traces`,
    );
  }
  return {
    url,
    resource: readResource(given),
    queueSizeMax: size('queueSizeMax'),
    scheduleDelayMs: size('scheduleDelayMs'),
    exportBatchSizeMax: size('exportBatchSizeMax'),
  };
}

function readResource(given: Given): Record<string, string> {
  const resource: Record<string, string> = {};
  for (const { value } of given.get('opentelemetry,resource') ?? []) {
    const equals = value.indexOf('=');
    if (equals <= 0) {
      throw new UsageError(
        `--trace-config: opentelemetry,resource is '${value}', expected <key>=<value>, e.g. resource=service.name=my-server`,
      );
    }
    resource[value.slice(0, equals)] = value.slice(equals + 1);
  }
  return resource;
}

/** As they are answered. */
function nameSpans({ url, resource, ...sizes }: SpanExportOptions): Map<string, readonly string[]> {
  const attributes = Object.entries(resource).map(([key, value]) => `${key}=${value}`);
  return new Map<string, readonly string[]>([
    ...(url === undefined ? [] : [['url', [url]] as const]),
    ...(attributes.length === 0 ? [] : [['resource', attributes] as const]),
    ['bsp_max_queue_size', [String(sizes.queueSizeMax)]],
    ['bsp_schedule_delay', [String(sizes.scheduleDelayMs)]],
    ['bsp_max_export_batch_size', [String(sizes.exportBatchSizeMax)]],
  ]);
}

function warnings(given: Given, mode: TraceMode, level: TraceLevel): string[] {
  const idle = mode === 'triton' ? 'opentelemetry' : 'triton';
  const lines = [...given.keys()]
    .filter((key) => key.startsWith(`${idle},`))
    .map((key) => `--trace-config=${key} has no effect: the mode of traces is ${mode}`);
  if (mode === 'opentelemetry' && level.tensors) {
    lines.push('--trace-config=level=TENSORS has no effect: the mode opentelemetry traces no tensors');
  }
  return lines;
}
