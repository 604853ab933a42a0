import { GrpcFrontEnd } from '../frontends/grpc/front-end.js';
import type { TlsOptions } from '../frontends/grpc/transport.js';
import { HttpFrontEnd } from '../frontends/http/front-end.js';
import { monotonicClock } from '../inference/clock.js';
import { FailureLog, type OnFailure } from '../server/failure-log.js';
import type { HeaderForwarder } from '../server/forwarded-headers.js';
import type { Server } from '../server/server.js';
import type { Log } from '../telemetry/log.js';
import { LimitLog } from './limit-log.js';
import type { ServeOptions } from './options.js';
import { openForwarder } from './protocol-flags.js';
import type { Entrance } from './shut-down.js';
import type { Metrics } from './metrics.js';
import type { Port } from './port-families.js';
import { watchTls } from './tls.js';

/** Where the server is served. */
export interface OpenPorts {
  readonly grpc: number | undefined;
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
  readonly forwarders: Forwarders;
  /** Absent when metrics are not served. */
  readonly metrics: Metrics | undefined;
  readonly log: Log;
}

/** What hands headers to models, by protocol. */
export interface Forwarders {
  readonly grpc: HeaderForwarder | undefined;
  readonly http: HeaderForwarder | undefined;
}

/** Throws when a pattern of headers is none. */
export async function openForwarders({ grpc, http }: ServeOptions): Promise<Forwarders> {
  return {
    grpc: await openForwarder(grpc?.headerForwardPattern, 'grpc-header-forward-pattern'),
    http: await openForwarder(http?.headerForwardPattern, 'http-header-forward-pattern'),
  };
}

/** Opens the ports in Triton's order; undefined when one of them cannot be had, which the log has told then. */
export async function openFrontEnds(parts: Parts): Promise<OpenFrontEnds | undefined> {
  const { server, options, metrics, log } = parts;
  const failures = new FailureLog(log, monotonicClock);
  const onFailure: OnFailure | undefined = options.log.failedRequests
    ? (failure) => failures.tell(failure)
    : undefined;
  const grpc = createGrpc(parts, onFailure);
  const http = createHttp(parts, onFailure);
  const page = metrics?.frontEnd({ server, ports: () => activePorts(grpc, http) });
  const places = [
    { service: 'GRPCInferenceService', kind: 'grpc', where: options.grpc, frontEnd: grpc },
    { service: 'HTTPService', kind: 'http', where: options.http, frontEnd: http },
    { service: 'Metrics Service', kind: 'metrics', where: options.metrics?.listener, frontEnd: page },
  ] as const;
  const ports: { -readonly [Kind in keyof OpenPorts]: OpenPorts[Kind] } = {
    grpc: undefined,
    http: undefined,
    metrics: undefined,
  };
  for (const { service, kind, where, frontEnd } of places) {
    if (where === undefined || frontEnd === undefined) continue;
    ports[kind] = await open({ service, kind, host: where.host, port: where.port }, frontEnd, log);
    if (ports[kind] !== undefined) continue;
    for (const opened of [grpc, http, page]) opened?.close();
    return undefined;
  }
  return {
    ports,
    entrances: [
      ...(http === undefined ? [] : [asEntrance(http)]),
      ...(grpc === undefined ? [] : [asGrpcEntrance(grpc)]),
    ],
    endWatch: watchCertificates(grpc, options, log),
    close: () => page?.close(),
  };
}

function createGrpc(parts: Parts, onFailure: OnFailure | undefined): GrpcFrontEnd | undefined {
  const { server, options, tls, forwarders, log } = parts;
  if (options.grpc === undefined) return undefined;
  const limitLog = new LimitLog(log, monotonicClock);
  return new GrpcFrontEnd(server, {
    ...options.grpc,
    tls,
    responseCompression: options.grpc.compression,
    forwarder: forwarders.grpc,
    onFailure,
    onLimit: (name, peer) => limitLog.met(name, peer),
  });
}

function createHttp(
  { server, options, forwarders }: Parts,
  onFailure: OnFailure | undefined,
): HttpFrontEnd | undefined {
  if (options.http === undefined) return undefined;
  return new HttpFrontEnd(server, { ...options.http, forwarder: forwarders.http, onFailure });
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
export function activePorts(grpc: GrpcFrontEnd | undefined, http: HttpFrontEnd | undefined): Port[] {
  const ports: Port[] = [];
  if (grpc !== undefined) ports.push({ protocol: 'grpc', ...grpc.activity });
  if (http !== undefined) {
    const { traffic, busyCount } = http;
    ports.push({ protocol: 'http', traffic, openCalls: busyCount, limitCounts: {}, pendingBytes: undefined });
  }
  return ports;
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

function watchCertificates(frontEnd: GrpcFrontEnd | undefined, { grpc }: ServeOptions, log: Log): () => void {
  if (frontEnd === undefined || grpc === undefined) return () => {};
  const { tls: flags, certificatePollSecs: everySecs, transport } = grpc;
  if (flags === undefined || everySecs === 0 || transport !== 'http2') return () => {};
  return watchTls({ flags, everySecs, clock: monotonicClock, log, apply: (tls) => frontEnd.setTls(tls) });
}
