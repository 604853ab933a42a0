import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Random } from '../../support/random.js';

/** How the server has answered a body; 0: it closed the connection. */
export type FuzzCounts = Map<number, number>;

const laneCount = 16;
const patienceMs = 20_000;

/** Sends bad bodies and bad HTTP, each from its number; resolves when every one of them has ended. */
export async function fuzzHttp(
  port: number,
  { seed, count }: { readonly seed: number; readonly count: number },
): Promise<FuzzCounts> {
  const counts: FuzzCounts = new Map();
  const agent = new Agent({ keepAlive: true, maxSockets: laneCount });
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      const number = next++;
      const random = new Random(seed, number);
      const status = random.chance(0.2)
        ? await sendRaw(port, random)
        : await sendBody({ port, agent }, random);
      counts.set(status, (counts.get(status) ?? 0) + 1);
    }
  };
  try {
    await Promise.all(Array.from({ length: laneCount }, lane));
  } finally {
    agent.destroy();
  }
  return counts;
}

const models = [
  'identity_fp32',
  'identity_int64',
  'identity_uint8',
  'identity_bool',
  'identity_bytes',
  'identity_fp16',
  'add_sub',
  'classes',
  'nobody',
];

const leaves: readonly string[] = [
  '0',
  '-0',
  '1',
  '-1',
  '1.5',
  '1e5',
  '1e400',
  'NaN',
  '-Infinity',
  'Inf',
  'true',
  'false',
  'null',
  '""',
  '"a"',
  '"\\u00e4\\n"',
  '"\\ud800"',
  '9223372036854775807',
  '18446744073709551616',
  '[]',
  '{}',
  '[[1],[2]]',
  '0.1234567890123456789',
];

const names = ['INPUT0', 'INPUT1', 'OUTPUT0', 'OUTPUT1', 'x', ''];
const datatypes = ['FP32', 'FP64', 'INT64', 'UINT8', 'BOOL', 'BYTES', 'FP16', 'INT8', 'FP33'];
const parameterNames = [
  'binary_data_size',
  'binary_data',
  'classification',
  'shared_memory_region',
  'shared_memory_offset',
  'sequence_id',
  'sequence_start',
  'priority',
  'timeout',
  'binary_data_output',
  'triton_x',
  'mine',
];

function member(name: string, value: string): string {
  return `${JSON.stringify(name)}:${value}`;
}

function object(members: readonly string[]): string {
  return `{${members.join(',')}}`;
}

function nested(random: Random, depth: number): string {
  if (depth === 0 || random.chance(0.6)) return random.pick(leaves);
  return `[${Array.from({ length: random.below(5) }, () => nested(random, depth - 1)).join(',')}]`;
}

function parameters(random: Random): string {
  const count = random.below(3);
  return object(
    Array.from({ length: count }, () => member(random.pick(parameterNames), random.pick(leaves))),
  );
}

function input(random: Random): string {
  const count = random.below(4);
  const plain = Array.from({ length: count }, () => String(random.below(100)));
  const members = [
    member('name', JSON.stringify(random.chance(0.8) ? 'INPUT0' : random.pick(names))),
    member('datatype', JSON.stringify(random.pick(datatypes))),
    member('shape', random.chance(0.8) ? `[1,${count}]` : nested(random, 2)),
    member('data', random.chance(0.6) ? `[${plain.join(',')}]` : nested(random, 3)),
    ...(random.chance(0.2) ? [member('parameters', parameters(random))] : []),
    ...(random.chance(0.1) ? [member(random.pick(['data', 'shape', 'more']), nested(random, 4))] : []),
  ];
  // Members come in any order.
  return object(random.chance(0.3) ? members.toReversed() : members);
}

function document(random: Random): string {
  const members = [
    member('inputs', `[${Array.from({ length: 1 + random.below(2) }, () => input(random)).join(',')}]`),
    ...(random.chance(0.3) ? [member('parameters', parameters(random))] : []),
    ...(random.chance(0.3)
      ? [
          member(
            'outputs',
            `[${object([member('name', JSON.stringify(random.pick(names))), member('parameters', parameters(random))])}]`,
          ),
        ]
      : []),
    ...(random.chance(0.2) ? [member('id', random.pick(leaves))] : []),
    // Large enough for a thread, at times.
    ...(random.chance(0.02) ? [member('padding', JSON.stringify('x'.repeat(20_000)))] : []),
  ];
  return object(members);
}

/** Changes, drops, repeats or inserts some bytes. */
function mutated(bytes: Buffer, random: Random): Buffer {
  let result = bytes;
  for (let left = random.below(4); left > 0 && result.byteLength > 0; left--) {
    const at = random.below(result.byteLength);
    const length = random.below(Math.min(16, result.byteLength - at) + 1);
    const middle = random.pick([
      Buffer.alloc(0),
      random.bytes(length),
      Buffer.concat([result.subarray(at, at + length), result.subarray(at, at + length)]),
      Buffer.from(random.pick(['{', '}', '[', ']', ',', ':', '"', '\\', '\0', '-', 'e', '['.repeat(200)])),
    ]);
    result = Buffer.concat([result.subarray(0, at), middle, result.subarray(at + length)]);
  }
  return result;
}

interface Body {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

function makeBody(random: Random): Body {
  const json = Buffer.from(document(random));
  let body = random.chance(0.5) ? json : mutated(json, random);
  const headers: Record<string, string> = {};
  const headerLength = random.pick([
    '',
    '',
    '0',
    String(body.byteLength),
    String(random.below(300)),
    '-1',
    'x',
    '99999999999',
  ]);
  if (headerLength !== '') headers['inference-header-content-length'] = headerLength;
  if (headerLength !== '' && random.chance(0.7)) body = Buffer.concat([body, random.bytes(random.below(64))]);
  if (random.chance(0.1)) {
    headers['content-encoding'] = random.pick(['gzip', 'deflate', 'br', 'identity']);
    if (random.chance(0.7)) body = mutated(gzipSync(body), random);
  }
  if (random.chance(0.1))
    headers['accept-encoding'] = random.pick(['gzip', 'deflate;q=0.5,gzip;q=x', ',;,', '*']);
  return { path: `/v2/models/${random.pick(models)}/infer`, headers, body };
}

function sendBody({ port, agent }: { port: number; agent: Agent }, random: Random): Promise<number> {
  const { path, headers, body } = makeBody(random);
  return new Promise((resolve, reject) => {
    const chunked = random.chance(0.2);
    const sent = request({ host: '127.0.0.1', port, path, method: 'POST', headers, agent }, (response) => {
      response.resume();
      response.once('close', () => resolve(response.statusCode ?? 0));
    });
    sent.setTimeout(patienceMs, () =>
      reject(new Error(`no answer to ${body.toString('latin1').slice(0, 500)}`)),
    );
    sent.once('error', () => resolve(0));
    if (chunked) sent.write(body.subarray(0, random.below(body.byteLength + 1)));
    if (random.chance(0.02)) sent.destroy();
    else sent.end(chunked ? body.subarray(random.below(body.byteLength + 1)) : body);
  });
}

/** A request whose HTTP itself is broken, or which ends early. */
function sendRaw(port: number, random: Random): Promise<number> {
  const { path, headers, body } = makeBody(random);
  const lines = Object.entries({ host: 'x', 'content-length': String(body.byteLength), ...headers });
  const head = `POST ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
  const bytes = mutated(Buffer.concat([Buffer.from(head), body]), random);
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let answer = '';
    socket.on('data', (piece: Buffer) => (answer += piece.toString('latin1', 0, 16)));
    socket.setTimeout(patienceMs, () =>
      reject(new Error(`no end of ${bytes.toString('latin1').slice(0, 500)}`)),
    );
    socket.on('error', () => {});
    socket.once('close', () => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0)));
    if (random.chance(0.2)) socket.write(bytes, () => socket.destroy());
    else socket.end(bytes);
  });
}
