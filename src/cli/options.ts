import type { DelayMode } from '../config/batching.js';
import { parseBoolean } from '../config/parameters.js';
import type { TransportName } from '../frontends/grpc/transports/create.js';
import type { BatchingOptions } from '../scheduling/create-batcher.js';
import type { RegionOptions } from '../server/shared-memory.js';
import type { ConfigOptions } from '../repository/config-options.js';
import type { ThreadDefaults } from '../repository/threads.js';
import { controlFlags, type ControlFlags } from './control-flags.js';
import { readBackendConfig } from './backend-config.js';
import { readConfigFlags, warnOfStrictness } from './config-flags.js';
import type { Flag } from './flag.js';
import { flags } from './flags.js';
import { FlagReader, type GivenFlags } from './flag-reader.js';
import { checkTransport, grpcFlags, unusedTlsFlags, type GrpcFlags } from './grpc-options.js';
import { httpFlags, type HttpFlags } from './http-options.js';
import { sharedMemoryFlags, warnOfMissingFolder } from './shared-memory-options.js';
import { logFlags, type LogFlags } from './log-options.js';
import { refuseCollisions } from './port-collision.js';
import { traceFlags, type TraceFlags } from './trace-options.js';
import { metricsFlags, type MetricsFlags } from './metrics-options.js';
import { UsageError } from './usage-error.js';

/** What `nereid serve` was asked to do. */
export interface ServeOptions {
  readonly id: string;
  readonly exitTimeoutSecs: number;
  readonly exitOnError: boolean;
  readonly strictReadiness: boolean;
  readonly pendingBytesMax: number;
  /** Memory of finished batches that is kept for the next ones. */
  readonly keptSlotBytesMax: number;
  readonly repositories: readonly string[];
  readonly loadConcurrency: number;
  readonly control: ControlFlags;
  readonly batching: BatchingOptions;
  /** Thread counts for sessions whose config names none. */
  readonly threadDefaults: ThreadDefaults;
  readonly configs: ConfigOptions;
  /** Absent when gRPC is not served. */
  readonly grpc: GrpcFlags | undefined;
  /** Absent when HTTP is not served. */
  readonly http: HttpFlags | undefined;
  readonly regions: RegionOptions;
  /** Absent when metrics are not served. */
  readonly metrics: MetricsFlags | undefined;
  readonly log: LogFlags;
  readonly traces: TraceFlags;
  /** Flags that were accepted and do nothing, each as one line for the log. */
  readonly notes: readonly string[];
  /** Flags that should be given otherwise. */
  readonly warnings: readonly string[];
}

/** Checks what was given against the table of flags, and gathers what the server needs of it. */
export function toServeOptions(given: GivenFlags): ServeOptions {
  const notes = checkFlags(given);
  const read = new FlagReader(given);
  checkTransport(given, read.text('grpc-transport') as TransportName);
  const repositories = [...(given.get('model-repository') ?? []), ...(given.get('model-store') ?? [])];
  if (repositories.length === 0) {
    throw new UsageError(
      '--model-repository must be specified: the folder that holds your models, e.g. --model-repository=model_repository',
    );
  }
  const regions = sharedMemoryFlags(read);
  const grpc = grpcFlags(read, given);
  const http = httpFlags(read, given);
  const metrics = metricsFlags(read, given.get('metrics-config') ?? []);
  checkFrontEnds({ grpc, http, metrics });
  const traces = traceFlags(read, process.env);
  const backends = readBackendConfig(given.get('backend-config') ?? []);
  return {
    id: read.text('id'),
    exitTimeoutSecs: read.integer('exit-timeout-secs'),
    exitOnError: read.boolean('exit-on-error'),
    strictReadiness: read.boolean('strict-readiness'),
    pendingBytesMax: read.integer('max-pending-request-bytes'),
    keptSlotBytesMax: read.integer('max-idle-slot-bytes'),
    repositories,
    loadConcurrency: read.integer('model-load-thread-count'),
    control: controlFlags(read, given.get('load-model') ?? []),
    batching: batchingOptions(read),
    threadDefaults: backends.threads,
    configs: readConfigFlags(read, backends),
    grpc,
    http,
    metrics,
    regions,
    log: logFlags(read),
    traces: traces.flags,
    notes: [...notes, ...backends.notes, ...unusedTlsFlags(read)],
    warnings: [...warnOfStrictness(read), ...warnOfMissingFolder(regions), ...traces.warnings],
  };
}

/** A server that nobody can ask is no server, and one port has one service. */
function checkFrontEnds({ grpc, http, metrics }: Pick<ServeOptions, 'grpc' | 'http' | 'metrics'>): void {
  if (grpc === undefined && http === undefined) {
    throw new UsageError('At least one of the following options must be true: --allow-grpc, --allow-http');
  }
  refuseCollisions([
    ...(http === undefined ? [] : [{ requests: 'HTTP' as const, ...http }]),
    ...(grpc === undefined ? [] : [{ requests: 'GRPC' as const, ...grpc }]),
    ...(metrics === undefined ? [] : [{ requests: 'metrics' as const, ...metrics.listener }]),
  ]);
}

function batchingOptions(read: FlagReader): BatchingOptions {
  const largeBytesMax = read.integer('max-large-batch-bytes');
  return read.given('batch-delay')
    ? { delayMode: read.text('batch-delay') as DelayMode, largeBytesMax }
    : { largeBytesMax };
}

/** Throws when a value does not fit its flag or a flag is not built; else lines to log about what does nothing. */
export function checkFlags(given: GivenFlags): string[] {
  return flags.flatMap((flag) => (given.get(flag.name) ?? []).flatMap((value) => checkFlag(flag, value)));
}

/** Throws when a value does not fit its flag or the flag is not built; else the line to log, if any. */
function checkFlag(flag: Flag, value: string): string[] {
  const { name, status } = flag;
  checkKind(flag, value);
  switch (status.kind) {
    case 'works': {
      const { choices, least, most = Number.MAX_SAFE_INTEGER } = status;
      if (choices !== undefined && !choices.includes(value)) {
        throw new UsageError(`--${name} is '${value}', expected one of: ${choices.join(', ')}`);
      }
      if (least !== undefined && Number(value) < least) {
        throw new UsageError(`--${name} is '${value}', expected at least ${least}`);
      }
      if (flag.kind === 'integer' && Number(value) > most) {
        throw new UsageError(`--${name} is '${value}', expected at most ${most}`);
      }
      return [];
    }
    case 'meaningless':
      return [`--${name} is accepted and has no effect: ${status.why}`];
    case 'not-yet':
      if (status.accepted?.includes(value.toLowerCase()) === true) {
        return [`--${name}=${value} is accepted: it asks for what is the case anyway`];
      }
      throw new UsageError(
        `--${name}=${value} is not supported yet; leave it out${acceptedHint(name, status.accepted)}`,
      );
  }
}

function acceptedHint(name: string, accepted: readonly string[] | undefined): string {
  return accepted?.[0] === undefined ? '' : ` or write --${name}=${accepted[0]}`;
}

function checkKind({ name, kind }: Flag, value: string): void {
  if (kind === 'boolean' && parseBoolean(value) === undefined) {
    throw new UsageError(`--${name} is '${value}', expected true or false`);
  }
  if (kind === 'integer' && !/^-?\d+$/.test(value)) {
    throw new UsageError(`--${name} is '${value}', expected a whole number`);
  }
}
