import { GrpcFrontEnd } from '../frontends/grpc/front-end.js';
import type { TlsOptions } from '../frontends/grpc/transport.js';
import { HttpFrontEnd } from '../frontends/http/front-end.js';
import { monotonicClock } from '../inference/clock.js';
import type { Server } from '../server/server.js';
import type { Log } from '../telemetry/log.js';
import { LimitLog } from './limit-log.js';
import type { ServeOptions } from './options.js';
import type { Entrance } from './shut-down.js';
import type { Metrics } from './metrics.js';
import type { Port } from './port-families.js';
import { watchTls } from './tls.js';

/** Where the server is served. */
export interface OpenPorts {
  readonly grpc: number;
  readonly http: number | undefined;
  readonly metrics: number | undefined;
}

export interface OpenFrontEnds {
  readonly ports: OpenPorts;
  readonly entrances: readonly Entrance[];
  /** Ends what is open until the end. */
  close(): void;
  /** From here on new certificates are not looked for. */
  endWatch(): void;
}

interface Parts {
  readonly server: Server;
  readonly options: ServeOptions;
  readonly tls: TlsOptions | undefined;
  /** Absent when metrics are not served. */
  readonly metrics: Metrics | undefined;
  readonly log: Log;
}

/** Opens the ports in Triton's order; undefined when one of them cannot be had, which the log has told then. */
export async function openFrontEnds(parts: Parts): Promise<OpenFrontEnds | undefined> {
  const { server, options, tls, metrics, log } = parts;
  const limitLog = new LimitLog(log, monotonicClock);
  const grpc = new GrpcFrontEnd(server, {
    ...options.grpc,
    tls,
    responseCompression: options.grpc.compression,
    onLimit: (name, peer) => limitLog.met(name, peer),
  });
  const http = options.http === undefined ? undefined : new HttpFrontEnd(server, options.http);
  const grpcPort = await open({ service: 'GRPCInferenceService', kind: 'grpc', ...options.grpc }, grpc, log);
  if (grpcPort === undefined) return undefined;
  const httpPort =
    http === undefined || options.http === undefined
      ? undefined
      : await open({ service: 'HTTPService', kind: 'http', ...options.http }, http, log);
  if (http !== undefined && httpPort === undefined) {
    grpc.close();
    return undefined;
  }
  const page = metrics?.frontEnd({ server, ports: () => activePorts(grpc, http) });
  const metricsPort =
    page === undefined || options.metrics === undefined
      ? undefined
      : await open({ service: 'Metrics Service', kind: 'metrics', ...options.metrics.listener }, page, log);
  if (page !== undefined && metricsPort === undefined) {
    grpc.close();
    http?.close();
    return undefined;
  }
  return {
    ports: { grpc: grpcPort, http: httpPort, metrics: metricsPort },
    entrances: [...(http === undefined ? [] : [asEntrance(http)]), asGrpcEntrance(grpc)],
    endWatch: watchCertificates(grpc, options, log),
    close: () => page?.close(),
  };
}

/** Services as Triton's errors name them. */
const kindNames = { grpc: 'GRPC', http: 'HTTP', metrics: 'Metrics' };

/** What listens, where, and the flag that says where. */
interface Place {
  readonly service: string;
  readonly kind: keyof typeof kindNames;
  readonly host: string;
  readonly port: number;
}

async function open(
  { service, kind, host, port: wanted }: Place,
  frontEnd: { listen(): Promise<number> },
  log: Log,
): Promise<number | undefined> {
  const where = `${host}:${wanted}`;
  try {
    const port = await frontEnd.listen();
    log.info(`Started ${service} at ${host}:${port}`);
    return port;
  } catch (error) {
    const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    const reason = error instanceof Error ? error.message : String(error);
    const why = taken ? `Socket '${where}' already in use ` : `cannot listen on '${where}': ${reason}`;
    log.error(`failed to start ${kindNames[kind]} service: Unavailable - ${why}`);
    if (taken) log.error(`another server has this port: stop it, or choose another one with --${kind}-port`);
    return undefined;
  }
}

/** What goes on at the ports, for metrics. */
export function activePorts(grpc: GrpcFrontEnd, http: HttpFrontEnd | undefined): Port[] {
  const overGrpc: Port = { protocol: 'grpc', ...grpc.activity };
  if (http === undefined) return [overGrpc];
  const { traffic, busyCount } = http;
  return [
    overGrpc,
    { protocol: 'http', traffic, openCalls: busyCount, limitCounts: {}, pendingBytes: undefined },
  ];
}

function asEntrance(http: HttpFrontEnd): Entrance {
  return {
    get busy() {
      return `${http.busyCount} HTTP service connections`;
    },
    drain: () => http.drain(),
    close: () => http.close(),
  };
}

function asGrpcEntrance(grpc: GrpcFrontEnd): Entrance {
  return {
    get busy() {
      return `${grpc.callCount} gRPC service connections and inference handlers`;
    },
    drain: () => grpc.drain(),
    close: () => grpc.close(),
  };
}

function watchCertificates(frontEnd: GrpcFrontEnd, { grpc }: ServeOptions, log: Log): () => void {
  const { tls: flags, certificatePollSecs: everySecs, transport } = grpc;
  if (flags === undefined || everySecs === 0 || transport !== 'http2') return () => {};
  return watchTls({ flags, everySecs, clock: monotonicClock, log, apply: (tls) => frontEnd.setTls(tls) });
}
