import { execFile } from 'node:child_process';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { encodeRequest, inferPath, protoFolder } from '../src/loadtest/payload.js';
import { Recorder } from '../src/loadtest/recorder.js';
import type { LoadFigures } from '../src/loadtest/report.js';
import type { Cell } from './cells.js';
import { toMeasurement, type Measurement } from './loaders.js';
import { cpuSeconds } from './process-usage.js';
import { root } from './server-process.js';
import { requestFor } from './subjects.js';

const run = promisify(execFile);
const outputBytesMax = 256 * 1024 * 1024;
/** What a tool may take beyond the time of its load. */
const graceMs = 30_000;

/** A server that a tool shall load, and with what. */
export interface ToolTarget {
  readonly port: number;
  readonly tls?: boolean;
  /** The message of a ModelInfer call, or what is posted to `httpPath`. */
  readonly message: Buffer;
  /** The bytes of an answer: h2load counts by them. */
  readonly answerBytes: number;
  readonly concurrency: number;
  /** Set for a plain HTTP/1.1 server, which only h2load can load. */
  readonly httpPath?: string;
  /** Beside the content type of a plain HTTP/1.1 request. */
  readonly httpHeaders?: readonly string[];
}

/** What a tool is told of the load. */
interface ToolLoad {
  readonly folder: string;
  readonly target: ToolTarget;
  readonly seconds: number;
  readonly connectionCount: number;
}

interface Tool {
  readonly name: string;
  /** Where its file's name is not its own. */
  readonly program?: string;
  drive(program: string, load: ToolLoad): Promise<LoadFigures>;
}

const tools: readonly Tool[] = [
  { name: 'ghz', drive: driveGhz },
  { name: 'h2load', drive: (program, load) => driveH2load(program, load) },
  // h2load's own windows are 1 GiB; these are what HTTP/2 and most gRPC clients start with.
  {
    name: 'h2load-64k',
    program: 'h2load',
    drive: (program, load) => driveH2load(program, load, ['-w16', '-W16']),
  },
];

export interface FoundTool {
  readonly tool: Tool;
  readonly program: string;
}

/** The wanted tools that this machine has: named by an environment variable (GHZ, H2LOAD), in .tools/ or on the PATH. */
export async function findTools(wanted: readonly string[]): Promise<FoundTool[]> {
  const folders = [path.join(root, '.tools'), ...(process.env['PATH'] ?? '').split(path.delimiter)];
  const found: FoundTool[] = [];
  for (const tool of tools.filter(({ name }) => wanted.includes(name))) {
    const file = tool.program ?? tool.name;
    const named = process.env[file.toUpperCase()];
    const places =
      named === undefined ? folders.map((folder) => path.join(folder, file)) : [path.resolve(named)];
    const program = await firstThatExists(places);
    if (program !== undefined) found.push({ tool, program });
  }
  return found;
}

async function firstThatExists(files: readonly string[]): Promise<string | undefined> {
  for (const file of files) {
    const exists = await access(file).then(
      () => true,
      () => false,
    );
    if (exists) return file;
  }
  return undefined;
}

/** Drives one cell with another load client, all in one go. */
export async function driveTool(
  { tool, program }: FoundTool,
  cell: Cell,
  setup: { seconds: number; connectionCount: number },
): Promise<Measurement> {
  const { subject, payload, concurrency } = cell;
  const { pid, port } = subject.server;
  const target = {
    port,
    tls: subject.tls === true,
    message: encodeRequest(requestFor(subject, payload)),
    answerBytes: payload.bytes,
    concurrency,
  };
  const before = cpuSeconds(pid);
  const figures = await loadWith({ tool, program }, target, setup);
  return toMeasurement(cell, { client: tool.name, figures, cpu: cpuSeconds(pid) - before });
}

/** Loads any server with a tool. */
export async function loadWith(
  { tool, program }: FoundTool,
  target: ToolTarget,
  setup: { seconds: number; connectionCount: number },
): Promise<LoadFigures> {
  const folder = await mkdtemp(path.join(tmpdir(), 'nereid-bench-'));
  const connectionCount = Math.min(setup.connectionCount, target.concurrency);
  try {
    return await tool.drive(program, { folder, target, seconds: setup.seconds, connectionCount });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface GhzReport {
  readonly rps: number;
  readonly slowest: number;
  readonly statusCodeDistribution: Readonly<Record<string, number>>;
  readonly latencyDistribution: readonly { readonly percentage: number; readonly latency: number }[] | null;
}

async function driveGhz(program: string, load: ToolLoad): Promise<LoadFigures> {
  const { target, seconds, connectionCount, folder } = load;
  const body = path.join(folder, 'request');
  await writeFile(body, target.message);
  const { stdout } = await run(
    program,
    [
      target.tls === true ? '--skipTLS' : '--insecure',
      `--proto=${path.join(protoFolder, 'grpc_service.proto')}`,
      `--import-paths=${protoFolder}`,
      `--call=${inferPath.slice(1)}`,
      `--binary-file=${body}`,
      `--concurrency=${target.concurrency}`,
      `--connections=${connectionCount}`,
      `--duration=${seconds}s`,
      '--duration-stop=wait',
      '--max-recv-message-size=1GiB',
      '--max-send-message-size=1GiB',
      '--format=json',
      `127.0.0.1:${target.port}`,
    ],
    { maxBuffer: outputBytesMax, timeout: Math.ceil(seconds * 1000) + graceMs },
  );
  const report = JSON.parse(stdout) as GhzReport;
  const quantileUs = (percentage: number): number =>
    (report.latencyDistribution?.find((one) => one.percentage === percentage)?.latency ?? 0) / 1000;
  const { OK: requests = 0, ...others } = report.statusCodeDistribution;
  return {
    requests,
    failed: Object.values(others).reduce((sum, count) => sum + count, 0),
    requestsPerSecond: report.rps,
    p50Us: quantileUs(50),
    p95Us: quantileUs(95),
    p99Us: quantileUs(99),
    maxUs: report.slowest / 1000,
  };
}

/** h2load knows no gRPC: the message gets its prefix here, and answers are judged by their size. */
async function driveH2load(
  program: string,
  load: ToolLoad,
  flags: readonly string[] = [],
): Promise<LoadFigures> {
  const { target, seconds, connectionCount, folder } = load;
  const { message, httpPath } = target;
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.byteLength, 1);
  const [body, log] = [path.join(folder, 'body'), path.join(folder, 'log')];
  await writeFile(body, httpPath === undefined ? Buffer.concat([prefix, message]) : message);
  const streams = Math.ceil(target.concurrency / connectionCount);
  const shape =
    httpPath === undefined
      ? [
          `--clients=${connectionCount}`,
          `--max-concurrent-streams=${streams}`,
          '--header=content-type: application/grpc',
          '--header=te: trailers',
        ]
      : [
          '--h1',
          `--clients=${target.concurrency}`,
          '--header=content-type: application/octet-stream',
          ...(target.httpHeaders ?? []).map((header) => `--header=${header}`),
        ];
  const { stdout } = await run(
    program,
    [
      ...flags,
      ...shape,
      `--duration=${Math.round(seconds * 1000)}ms`,
      `--data=${body}`,
      `--log-file=${log}`,
      `${target.tls === true ? 'https' : 'http'}://127.0.0.1:${target.port}${httpPath ?? inferPath}`,
    ],
    { maxBuffer: outputBytesMax, timeout: Math.ceil(seconds * 1000) + graceMs },
  );
  const latency = new Recorder();
  for (const line of (await readFile(log, 'utf8')).split('\n')) {
    const [, status, us] = line.split('\t');
    if (status === '200') latency.record(Number(us));
  }
  const [, dataBytes = '0'] = /\((\d+)\) data/.exec(stdout) ?? [];
  const whole = Math.min(latency.count, Math.floor(Number(dataBytes) / target.answerBytes));
  return {
    requests: whole,
    failed: latency.count - whole,
    requestsPerSecond: whole / seconds,
    p50Us: latency.quantileUs(0.5),
    p95Us: latency.quantileUs(0.95),
    p99Us: latency.quantileUs(0.99),
    maxUs: latency.maxUs,
  };
}
