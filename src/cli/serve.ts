import { monotonicClock } from '../inference/clock.js';
import { findGpus } from '../instances/gpus.js';
import { countCores } from '../instances/cores.js';
import { fileErrorReason } from '../models/file-error.js';
import { Poller } from '../repository/poller.js';
import { Repository } from '../repository/repository.js';
import { watchFolders } from '../repository/watch-folders.js';
import { Server } from '../server/server.js';
import { Regions } from '../server/shared-memory.js';
import { openLog, type Log } from '../telemetry/log.js';
import { Arena } from '../tensors/arena.js';
import { Metrics } from './metrics.js';
import { tuneCollection } from './collection.js';
import { openFrontEnds, openForwarders } from './front-ends.js';
import type { ServeOptions } from './options.js';
import { shutDown } from './shut-down.js';
import { readTls } from './tls.js';
import { closeTraces, openTraces } from './traces.js';
import { UsageError } from './usage-error.js';
import { welcome } from './welcome.js';

/** Serves until a signal asks it to stop; the result is the exit code. */
export async function serve(options: ServeOptions): Promise<number> {
  tuneCollection();
  const log = openServerLog(options);
  for (const warning of options.warnings) log.warning(warning);
  for (const note of options.notes) log.info(note);
  try {
    const metrics = options.metrics === undefined ? undefined : new Metrics(options.metrics, log);
    await metrics?.start();
    return await run(options, log, metrics).finally(() => metrics?.close());
  } finally {
    await log.flush();
  }
}

/** The only place that builds the graph of parts. */
async function run(options: ServeOptions, log: Log, metrics: Metrics | undefined): Promise<number> {
  const tls = options.grpc?.tls === undefined ? undefined : await readTls(options.grpc.tls);
  const forwarders = await openForwarders(options);
  const repository = createRepository(options, log, metrics);
  const traces = await openTraces(options.traces, log);
  const server = new Server(options, { repository, log, traces, regions: new Regions(options.regions) });
  if (!(await start(server, options, log))) {
    await repository.close();
    return 1;
  }
  // Heard from the first line on that says that the server is there.
  const toldToStop = nextSignal();
  const open = await openFrontEnds({ server, options, tls, forwarders, metrics, log });
  if (open === undefined) {
    await repository.close();
    return 1;
  }
  welcome({ options, ...open, index: server.live() ? await server.index('', false) : [], log });
  const endFollowing = followFolders(repository, options, log);
  const signal = await toldToStop;
  open.endWatch();
  endFollowing();
  process.stdout.write(`Signal (${signal}) received.\n`);
  const { entrances } = open;
  const leaving = {
    server,
    entrances,
    flush: () => closeTraces(traces, log, monotonicClock),
    log,
    budgetSecs: options.exitTimeoutSecs,
    clock: monotonicClock,
  };
  // Whoever watches sees the drain to its end.
  return shutDown(leaving).finally(() => open.close());
}

function openServerLog({ log }: ServeOptions): Log {
  try {
    return openLog({ ...log, escape: escapeWanted() }, log.file);
  } catch (error) {
    throw new UsageError(`--log-file: cannot write '${log.file}': ${fileErrorReason(error)}`);
  }
}

/** Triton's switch for the escaping of log lines. */
function escapeWanted(): boolean {
  return process.env['TRITON_SERVER_ESCAPE_LOG_MESSAGES'] !== '0';
}

/** Triton's switch for tests that want a known batch: the first one is formed when so many requests wait. */
function readHeldBack({ TRITONSERVER_DELAY_SCHEDULER: text = '0' }: NodeJS.ProcessEnv): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new UsageError(`TRITONSERVER_DELAY_SCHEDULER: expected a number of requests, got '${text}'`);
}

function createRepository(options: ServeOptions, log: Log, metrics: Metrics | undefined): Repository {
  const clock = monotonicClock;
  const shared = Number(process.versions.node.split('.')[0]) >= 22;
  const arena = new Arena({ keptBytesMax: options.keptSlotBytesMax, shared, clock });
  return new Repository(
    {
      folders: options.repositories,
      control: options.control.mode,
      startup: options.control.startup,
      namespacing: options.control.namespacing,
      retryCount: options.control.retryCount,
      ...(options.exitTimeoutSecs === 0 ? {} : { drainMs: options.exitTimeoutSecs * 1000 }),
      loadConcurrency: options.loadConcurrency,
      batching: { ...options.batching, heldBack: readHeldBack(process.env) },
      coreCount: countCores(),
      gpus: findGpus(),
      threadDefaults: options.threadDefaults,
      configs: options.configs,
    },
    { clock, arena, log, ...(metrics === undefined ? {} : { ledger: metrics.ledger }) },
  );
}

/** Loads the models; false when the server shall not go on without those that failed. */
async function start(server: Server, options: ServeOptions, log: Log): Promise<boolean> {
  let reason = 'failed to load all models';
  let remedy = `The ${options.log.file === '' ? 'lines above say' : 'log file says'} what is wrong. With --exit-on-error=false the other models serve.`;
  try {
    if (await server.start()) return true;
  } catch (error) {
    reason = error instanceof Error ? error.message : String(error);
    remedy = 'Give --model-repository a folder that holds one folder for each model.';
    log.error(`${reason}. ${remedy}`);
  }
  if (!options.exitOnError) return true;
  process.stderr.write(`error: creating server: Internal - ${reason}\n${remedy}\n`);
  return false;
}

/** In poll mode models come and go with their folders. */
function followFolders(repository: Repository, options: ServeOptions, log: Log): () => void {
  const { mode, pollSecs, settleMs } = options.control;
  if (mode !== 'poll') return () => {};
  const pollMs = pollSecs === 0 ? Infinity : pollSecs * 1000;
  const poller = new Poller({ repository, clock: monotonicClock, log, pollMs, settleMs });
  const endWatch = watchFolders(repository.localFolders, { onMoved: () => poller.notice(), log });
  // What moved while the models were loaded.
  poller.notice();
  return () => {
    endWatch();
    poller.stop();
  };
}

const signals = { SIGINT: 2, SIGTERM: 15 } as const;

/** The first of the signals that ask to stop; later ones are ignored, as Triton does. */
function nextSignal(): Promise<number> {
  return new Promise((resolve) => {
    for (const [name, number] of Object.entries(signals)) {
      process.on(name, () => resolve(number));
    }
  });
}
