import type { DelayMode } from '../config/batching.js';
import { parseBoolean } from '../config/parameters.js';
import type { CompressionLevel, TransportLimits } from '../frontends/grpc/transport.js';
import type { TransportName } from '../frontends/grpc/transports/create.js';
import type { BatchingOptions } from '../scheduling/create-batcher.js';
import type { ConfigOptions } from '../repository/config-options.js';
import type { ThreadDefaults } from '../repository/threads.js';
import type { LogFormat } from '../telemetry/log.js';
import { controlFlags, type ControlFlags } from './control-flags.js';
import { readBackendConfig } from './backend-config.js';
import { readConfigFlags, warnOfStrictness } from './config-flags.js';
import type { Flag } from './flag.js';
import { flags } from './flags.js';
import { FlagReader, type GivenFlags } from './flag-reader.js';
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
  readonly grpc: GrpcFlags;
  readonly log: LogFlags;
  /** Flags that were accepted and do nothing, each as one line for the log. */
  readonly notes: readonly string[];
  /** Flags that should be given otherwise. */
  readonly warnings: readonly string[];
}

export interface GrpcFlags {
  readonly host: string;
  readonly port: number;
  readonly reusePort: boolean;
  readonly compression: CompressionLevel;
  readonly tls: TlsFlags | undefined;
  readonly keepaliveTimeMs: number;
  readonly keepaliveTimeoutMs: number;
  readonly keepaliveWithoutCalls: boolean;
  readonly pingsWithoutDataMax: number;
  readonly pingIntervalWithoutDataMs: number;
  readonly pingStrikesMax: number;
  readonly connectionAgeMs: number | undefined;
  readonly connectionAgeGraceMs: number | undefined;
  readonly transport: TransportName;
  readonly limits: TransportLimits;
  /** How often the files of TLS are looked at; 0: never. */
  readonly certificatePollSecs: number;
}

/** Names of PEM files. */
export interface TlsFlags {
  readonly cert: string;
  readonly key: string;
  /** Set when clients must show a certificate. */
  readonly clientCa: string | undefined;
}

export interface LogFlags {
  readonly format: LogFormat;
  readonly info: boolean;
  readonly warning: boolean;
  readonly error: boolean;
  readonly verboseLevel: number;
  readonly file: string;
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
    grpc: grpcFlags(read),
    log: logFlags(read),
    notes: [...notes, ...backends.notes, ...unusedTlsFlags(read)],
    warnings: warnOfStrictness(read),
  };
}

function batchingOptions(read: FlagReader): BatchingOptions {
  const largeBytesMax = read.integer('max-large-batch-bytes');
  return read.given('batch-delay')
    ? { delayMode: read.text('batch-delay') as DelayMode, largeBytesMax }
    : { largeBytesMax };
}

function grpcFlags(read: FlagReader): GrpcFlags {
  return {
    transport: read.text('grpc-transport') as TransportName,
    limits: transportLimits(read),
    certificatePollSecs: read.integer('grpc-certificate-poll-secs'),
    host: read.text('grpc-address').replace(/^\[(.*)\]$/, '$1'),
    port: read.integer('grpc-port'),
    reusePort: checkReusePort(read.boolean('reuse-grpc-port')),
    compression: read.text('grpc-infer-response-compression-level') as CompressionLevel,
    tls: tlsFlags(read),
    keepaliveTimeMs: read.integer('grpc-keepalive-time'),
    keepaliveTimeoutMs: read.integer('grpc-keepalive-timeout'),
    keepaliveWithoutCalls: read.boolean('grpc-keepalive-permit-without-calls'),
    pingsWithoutDataMax: read.integer('grpc-http2-max-pings-without-data'),
    pingIntervalWithoutDataMs: read.integer('grpc-http2-min-recv-ping-interval-without-data'),
    pingStrikesMax: read.integer('grpc-http2-max-ping-strikes'),
    connectionAgeMs: read.given('grpc-max-connection-age')
      ? read.integer('grpc-max-connection-age')
      : undefined,
    connectionAgeGraceMs: read.given('grpc-max-connection-age-grace')
      ? read.integer('grpc-max-connection-age-grace')
      : undefined,
  };
}

function transportLimits(read: FlagReader): TransportLimits {
  return {
    connectionsMax: read.integer('grpc-max-connections'),
    streamsMax: read.integer('grpc-max-streams-per-connection'),
    resetsPerSecondMax: read.integer('grpc-max-resets-per-second'),
    idleFramesPerSecondMax: read.integer('grpc-max-idle-frames-per-second'),
    headerListBytesMax: read.integer('grpc-max-metadata-bytes'),
    receiveTimeoutMs: read.integer('grpc-receive-timeout-ms'),
    sendTimeoutMs: read.integer('grpc-send-timeout-ms'),
    idleTimeoutMs: read.integer('grpc-idle-timeout-ms'),
    pendingBytesMax: read.integer('grpc-max-pending-response-bytes'),
    pendingBytesMaxOfServer: read.integer('grpc-max-total-pending-response-bytes'),
    streamWindowBytes: read.integer('grpc-stream-window-bytes'),
    connectionWindowBytes: read.integer('grpc-connection-window-bytes'),
    decompressedBytesMax: read.integer('grpc-max-decompressed-bytes'),
    exactReceiveBytesMax: read.integer('grpc-exact-receive-bytes'),
    receivingBytesMax: read.integer('grpc-max-receiving-bytes'),
    keptRequestBytesMax: read.integer('grpc-max-idle-request-bytes'),
  };
}

/** grpc-js has no way to do what some flags ask for: they are refused rather than passed over. */
function checkTransport(given: GivenFlags, transport: TransportName): void {
  if (transport === 'http2') return;
  for (const { name, http2Only } of flags) {
    for (const value of http2Only === undefined ? [] : (given.get(name) ?? [])) {
      const meant = http2Only?.also === undefined ? undefined : sameValue(value, http2Only.also);
      if (meant === true) continue;
      throw new UsageError(
        `--${name}=${value} needs --grpc-transport=http2: grpc-js cannot do it; leave it out or change the transport`,
      );
    }
  }
}

function sameValue(one: string, other: string): boolean {
  return one === other || (parseBoolean(one) ?? one) === (parseBoolean(other) ?? other);
}

function checkReusePort(wanted: boolean): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (wanted && (major < 22 || (major === 22 && minor < 12))) {
    throw new UsageError(`--reuse-grpc-port needs Node 22.12 or later, this is ${process.versions.node}`);
  }
  return wanted;
}

/** Any use of --grpc-use-ssl-mutual switches TLS on, as in Triton; its value decides about client certificates. */
function tlsFlags(read: FlagReader): TlsFlags | undefined {
  const mutual = read.given('grpc-use-ssl-mutual') && read.boolean('grpc-use-ssl-mutual');
  if (!read.boolean('grpc-use-ssl') && !read.given('grpc-use-ssl-mutual')) return undefined;
  const file = (name: string, why: string): string => {
    if (!read.given(name)) throw new UsageError(`--${name} must be given: TLS is on and needs ${why}`);
    return read.text(name);
  };
  return {
    cert: file('grpc-server-cert', 'a server certificate'),
    key: file('grpc-server-key', 'the key of the server certificate'),
    clientCa: mutual ? file('grpc-root-cert', 'the authority of the client certificates') : undefined,
  };
}

/** Files of TLS that were given and that nothing asks for, each as one line for the log. */
function unusedTlsFlags(read: FlagReader): string[] {
  const on = read.boolean('grpc-use-ssl') || read.given('grpc-use-ssl-mutual');
  const mutual = read.given('grpc-use-ssl-mutual') && read.boolean('grpc-use-ssl-mutual');
  const unused: [string, string][] = [
    ...(on
      ? []
      : ['grpc-server-cert', 'grpc-server-key'].map((name): [string, string] => [name, 'grpc-use-ssl'])),
    ...(mutual ? [] : [['grpc-root-cert', 'grpc-use-ssl-mutual'] as [string, string]]),
  ];
  return unused
    .filter(([name]) => read.given(name))
    .map(([name, needed]) => `--${name} has no effect without --${needed}=true`);
}

function logFlags(read: FlagReader): LogFlags {
  const verbose = read.text('log-verbose');
  const level = parseBoolean(verbose) === undefined ? Number(verbose) : Number(parseBoolean(verbose));
  if (!Number.isInteger(level) || level < 0) {
    throw new UsageError(`--log-verbose is '${verbose}', expected a number from 0 up, true or false`);
  }
  return {
    format: read.text('log-format') as LogFormat,
    info: read.boolean('log-info'),
    warning: read.boolean('log-warning'),
    error: read.boolean('log-error'),
    verboseLevel: level,
    file: read.text('log-file'),
  };
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
