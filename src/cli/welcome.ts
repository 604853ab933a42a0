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
  const plain = grpc?.tls === undefined;
  const place = reachable(grpc, ports.grpc);
  const httpPlace = reachable(http, ports.http);
  const models = index.length === 0 ? 'no models' : `${ready.length} of ${index.length} model versions ready`;
  const overGrpc = place === undefined ? '' : `, gRPC on ${place}${plain ? '' : ' (TLS)'}`;
  const overHttp = httpPlace === undefined ? '' : `, HTTP on ${httpPlace}`;
  const metrics = reachable(options.metrics?.listener, ports.metrics);
  const overMetrics = metrics === undefined ? '' : `, metrics on ${metrics}/metrics`;
  const served = `${models}${overGrpc}${overHttp}${overMetrics}`;
  if (options.log.format === 'json' || options.log.file !== '' || !options.log.info) {
    log.info(served);
    return;
  }
  const lines = [
    '',
    ...(index.length === 0 ? [] : [...table([['Model', 'Version', 'Status'], ...index.map(toRow)]), '']),
    `Nereid is serving: ${served}.`,
    'Try it:',
    ...(place === undefined ? [] : grpcLines(place, plain)),
    ...(httpPlace === undefined ? [] : [`  curl ${httpPlace}/v2`]),
    'Stop it with Ctrl-C.',
    '',
  ];
  process.stdout.write(lines.join('\n') + '\n');
}

function reachable(
  where: { readonly host: string } | undefined,
  port: number | undefined,
): string | undefined {
  if (where === undefined || port === undefined) return undefined;
  const { host } = where;
  return `${host === '0.0.0.0' || host === '::' ? 'localhost' : host}:${port}`;
}

/** The log says a reason in full. */
const statusLengthMax = 100;

function toRow({ name, version, state, reason }: IndexEntry): string[] {
  const status = reason === '' ? state : `${state}: ${reason}`;
  const short = status.length > statusLengthMax ? `${status.slice(0, statusLengthMax - 1)}…` : status;
  return [name, version === '' ? '-' : version, short];
}

function grpcLines(place: string, plain: boolean): string[] {
  const flags = plain ? '-plaintext ' : '';
  return [
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
