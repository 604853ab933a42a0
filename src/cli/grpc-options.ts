import { parseBoolean } from '../config/parameters.js';
import type { CompressionLevel, TransportLimits } from '../frontends/grpc/transport.js';
import type { TransportName } from '../frontends/grpc/transports/create.js';
import { flags } from './flags.js';
import type { FlagReader, GivenFlags } from './flag-reader.js';
import { grpcProtocolFlags, type ProtocolFlags } from './protocol-flags.js';
import { checkReusePort } from './reuse-port.js';
import { UsageError } from './usage-error.js';

export interface GrpcFlags extends ProtocolFlags {
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

/** What was asked of gRPC; undefined when it is not served. */
export function grpcFlags(read: FlagReader, given: GivenFlags): GrpcFlags | undefined {
  if (!read.boolean('allow-grpc')) return undefined;
  return {
    ...grpcProtocolFlags(given),
    transport: read.text('grpc-transport') as TransportName,
    limits: transportLimits(read),
    certificatePollSecs: read.integer('grpc-certificate-poll-secs'),
    host: read.text('grpc-address').replace(/^\[(.*)\]$/, '$1'),
    port: read.integer('grpc-port'),
    reusePort: checkReusePort(read, 'reuse-grpc-port'),
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
export function checkTransport(given: GivenFlags, transport: TransportName): void {
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
export function unusedTlsFlags(read: FlagReader): string[] {
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
