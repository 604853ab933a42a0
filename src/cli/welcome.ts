import path from 'node:path';
import type { IndexEntry } from '../repository/listing.js';
import type { Log } from '../telemetry/log.js';
import type { OpenPorts } from './front-ends.js';
import type { ServeOptions } from './options.js';

export interface Welcome {
  readonly options: ServeOptions;
  readonly ports: OpenPorts;
  readonly index: readonly IndexEntry[];
  readonly log: Log;
}

/** Says in plain words what is served where, and a command to try. */
export function welcome({ options, ports, index, log }: Welcome): void {
  const ready = index.filter(({ state }) => state === 'READY');
  const { grpc, http } = options;
  const { tls } = grpc;
  const place = reachable(grpc.host, ports.grpc);
  const httpPlace =
    http === undefined || ports.http === undefined ? undefined : reachable(http.host, ports.http);
  const models = index.length === 0 ? 'no models' : `${ready.length} of ${index.length} model versions ready`;
  const overHttp = httpPlace === undefined ? '' : `, HTTP on ${httpPlace}`;
  const metrics =
    options.metrics === undefined || ports.metrics === undefined
      ? undefined
      : `${reachable(options.metrics.listener.host, ports.metrics)}/metrics`;
  const served = `${models}, gRPC on ${place}${tls === undefined ? '' : ' (TLS)'}${overHttp}${metrics === undefined ? '' : `, metrics on ${metrics}`}`;
  if (options.log.format === 'json' || options.log.file !== '' || !options.log.info) {
    log.info(served);
    return;
  }
  const lines = [
    '',
    ...(index.length === 0 ? [] : [...table([['Model', 'Version', 'Status'], ...index.map(toRow)]), '']),
    `Nereid is serving: ${served}.`,
    ...tryLines(place, tls === undefined),
    ...(httpPlace === undefined ? [] : [`  curl ${httpPlace}/v2`]),
    'Stop it with Ctrl-C.',
    '',
  ];
  process.stdout.write(lines.join('\n') + '\n');
}

function reachable(host: string, port: number): string {
  return `${host === '0.0.0.0' || host === '::' ? 'localhost' : host}:${port}`;
}

/** The log says a reason in full. */
const statusLengthMax = 100;

function toRow({ name, version, state, reason }: IndexEntry): string[] {
  const status = reason === '' ? state : `${state}: ${reason}`;
  const short = status.length > statusLengthMax ? `${status.slice(0, statusLengthMax - 1)}…` : status;
  return [name, version === '' ? '-' : version, short];
}

function tryLines(place: string, plain: boolean): string[] {
  const flags = plain ? '-plaintext ' : '';
  return [
    'Try it:',
    `  node ${path.relative(process.cwd(), process.argv[1] ?? '')} health --address=${place}${plain ? '' : ' --tls'}`,
    `  grpcurl ${flags}${place} inference.GRPCInferenceService/ServerReady`,
    `  python -c "import tritonclient.grpc as t; print(t.InferenceServerClient('${place}').get_model_repository_index())"`,
  ];
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const print = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const [head = [], ...body] = rows;
  return [print(head), widths.map((width) => '-'.repeat(Math.min(width, 60))).join('  '), ...body.map(print)];
}
