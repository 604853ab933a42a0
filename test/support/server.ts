import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { GrpcFrontEnd, type GrpcFrontEndOptions } from '../../src/frontends/grpc/front-end.js';
import { defaultTransportLimits, type TransportOptions } from '../../src/frontends/grpc/transport.js';
import type { TransportName } from '../../src/frontends/grpc/transports/create.js';
import { HttpFrontEnd, type HttpOptions } from '../../src/frontends/http/front-end.js';
import type { HttpTransportName } from '../../src/frontends/http/transports/create.js';
import { activePorts } from '../../src/cli/front-ends.js';
import { Metrics } from '../../src/cli/metrics.js';
import type { MetricsFlags } from '../../src/cli/metrics-options.js';
import { monotonicClock } from '../../src/inference/clock.js';
import { Repository, type RepositoryOptions } from '../../src/repository/repository.js';
import { Server, type ServerOptions } from '../../src/server/server.js';
import { Regions, type RegionOptions } from '../../src/server/shared-memory.js';
import { defaultLogSettings, Log } from '../../src/telemetry/log.js';
import { Arena } from '../../src/tensors/arena.js';
import { testTraces, type TraceSetup } from './traces.js';

/** The project's root, seen from the built tests. */
export const root = fileURLToPath(new URL('../../../', import.meta.url));
export const testModels = path.join(root, 'test/models/repository');
export const brokenModels = path.join(root, 'test/models/broken');
export const sampleModels = path.join(root, 'model_repository');

export const plainTransport: TransportOptions = {
  host: '127.0.0.1',
  port: 0,
  reusePort: false,
  tls: undefined,
  responseCompression: 'none',
  keepaliveTimeMs: 7_200_000,
  keepaliveTimeoutMs: 20_000,
  keepaliveWithoutCalls: true,
  pingsWithoutDataMax: 0,
  pingIntervalWithoutDataMs: 0,
  pingStrikesMax: 0,
  connectionAgeMs: undefined,
  connectionAgeGraceMs: undefined,
  limits: defaultTransportLimits,
};

/** What carries HTTP in tests that do not name it. */
export const httpTransport: HttpTransportName =
  process.env['NEREID_TEST_HTTP_TRANSPORT'] === 'node' ? 'node' : 'own';

export const plainHttp: HttpOptions = {
  transport: httpTransport,
  host: '127.0.0.1',
  port: 0,
  reusePort: false,
  inputBytesMax: 64 * 1024 * 1024,
  receivingBytesMax: 1024 * 1024 * 1024,
  jsonThreadsMax: 2,
  connectionsMax: 1000,
  headerBytesMax: 65_536,
  receiveTimeoutMs: 30_000,
  idleTimeoutMs: 0,
  keptRequestBytesMax: 64 * 1024 * 1024,
};

/** What carries gRPC in tests that do not name it. */
const transportName: TransportName = process.env['NEREID_TEST_TRANSPORT'] === 'grpc-js' ? 'grpc-js' : 'http2';

export const plainMetrics: MetricsFlags = {
  listener: {
    host: '127.0.0.1',
    port: 0,
    reusePort: false,
    connectionsMax: 100,
    headerBytesMax: 16_384,
    receiveTimeoutMs: 30_000,
    idleTimeoutMs: 0,
  },
  gpu: false,
  cpu: false,
  intervalMs: 2000,
  seriesMax: 100_000,
  counterLatencies: true,
  histogramLatencies: false,
  quantiles: undefined,
};

export interface ServerSetup {
  readonly traces?: TraceSetup;
  readonly repository: string;
  readonly server?: Partial<ServerOptions>;
  readonly repositoryOptions?: Partial<RepositoryOptions>;
  readonly transport?: Partial<GrpcFrontEndOptions>;
  readonly http?: Partial<HttpOptions>;
  readonly regions?: Partial<RegionOptions>;
  /** Metrics are served where this is given. */
  readonly metrics?: Partial<MetricsFlags>;
}

/** A real server in this process, on a free port of 127.0.0.1. */
export interface TestServer {
  /** Of gRPC. */
  readonly port: number;
  readonly httpPort: number;
  /** 0 when metrics are not served. */
  readonly metricsPort: number;
  readonly server: Server;
  readonly frontEnd: GrpcFrontEnd;
  readonly httpFrontEnd: HttpFrontEnd;
  /** Slots that were taken and not given back. */
  readonly lentSlots: number;
  /** Whether every model loaded. */
  readonly complete: boolean;
  readonly log: Log;
  /** What it has logged so far. */
  readonly lines: readonly string[];
  close(): Promise<void>;
}

export async function startServer(setup: ServerSetup): Promise<TestServer> {
  const { log, lines } = memoryLog();
  const shared = Number(process.versions.node.split('.')[0]) >= 22;
  const arena = new Arena({ keptBytesMax: 64 * 1024 * 1024, shared });
  const lent = watchLoans(arena);
  const metrics =
    setup.metrics === undefined ? undefined : new Metrics({ ...plainMetrics, ...setup.metrics }, log);
  await metrics?.start();
  const repository = new Repository(
    {
      folders: [setup.repository],
      loadConcurrency: 4,
      coreCount: 2,
      gpus: [],
      ...setup.repositoryOptions,
    },
    { clock: monotonicClock, arena, log, ...(metrics === undefined ? {} : { ledger: metrics.ledger }) },
  );
  const traces = testTraces(setup.traces);
  const server = new Server(
    { id: 'triton', strictReadiness: true, pendingBytesMax: 2 ** 31, ...setup.server },
    { repository, log, traces, regions: new Regions({ enabled: false, countMax: 1024, ...setup.regions }) },
  );
  const complete = await server.start();
  const frontEnd = new GrpcFrontEnd(server, {
    transport: transportName,
    ...plainTransport,
    ...setup.transport,
  });
  const httpFrontEnd = new HttpFrontEnd(server, { ...plainHttp, ...setup.http });
  const page = metrics?.frontEnd({
    server,
    ports: () => activePorts(frontEnd, httpFrontEnd),
  });
  return {
    metricsPort: (await page?.listen()) ?? 0,
    port: await frontEnd.listen(),
    httpPort: await httpFrontEnd.listen(),
    server,
    frontEnd,
    httpFrontEnd,
    complete,
    log,
    lines,
    get lentSlots() {
      return lent();
    },
    async close() {
      frontEnd.close();
      httpFrontEnd.close();
      page?.close();
      metrics?.close();
      await server.close();
      await traces.close();
    },
  };
}

/** Counts what an arena lends out: a slot that is lost shows. */
function watchLoans(arena: Arena): () => number {
  let lentCount = 0;
  const [take, giveBack] = [arena.take.bind(arena), arena.giveBack.bind(arena)];
  arena.take = (byteLength) => {
    lentCount++;
    return take(byteLength);
  };
  arena.giveBack = (slot) => {
    lentCount--;
    giveBack(slot);
  };
  return () => lentCount;
}

/** A log that keeps its lines. */
export function memoryLog(settings = defaultLogSettings): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString().trimEnd());
      done();
    },
  });
  return { log: new Log(settings, { out: stream, err: stream }), lines };
}

/** A folder of its own for a test, gone afterwards. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'nereid-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
