import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { eventually } from '../../support/eventually.js';
import { Random } from '../../support/random.js';
import { startServer, testModels, type TestServer } from '../../support/server.js';

let servers: TestServer[];
before(async () => {
  servers = await Promise.all(
    (['own', 'node'] as const).map((transport) =>
      startServer({ repository: testModels, http: { transport, inputBytesMax: 100_000 } }),
    ),
  );
});
after(() => Promise.all(servers.map((server) => server.close())));

interface Answer {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string;
}

/** What each transport says in its own way: when, and how long it keeps a connection. */
const ownWays = /^(date|connection|keep-alive):/;

/** Reads answers that came one behind the other. */
function readAnswers(text: string): Answer[] {
  const answers: Answer[] = [];
  let rest = text;
  for (;;) {
    const end = rest.indexOf('\r\n\r\n');
    if (end === -1) return answers;
    const [first = '', ...fields] = rest.slice(0, end).toLowerCase().split('\r\n');
    const length = Number(fields.find((one) => one.startsWith('content-length: '))?.slice(16) ?? 0);
    rest = rest.slice(end + 4);
    if (rest.length < length) return answers;
    const status = Number(first.split(' ')[1]);
    if (status !== 100) {
      const headers = fields.filter((one) => !ownWays.test(one)).sort();
      answers.push({ status, headers, body: rest.slice(0, length) });
    }
    rest = rest.slice(length);
  }
}

const paths = [
  '/v2',
  '/v2/health/ready',
  '/v2/models/identity_fp32',
  '/v2/models/identity_fp32/ready?x=1',
  '/v2/models/nobody/infer',
  '/nothing%20here',
];

/** A request, as bytes. */
function makeRequest(random: Random, { last, alone }: { last: boolean; alone: boolean }): Buffer {
  const fields = ['Host: x'];
  if (last) fields.push('Connection: close');
  if (random.chance(0.3)) fields.push(`X-${random.below(100)}:  a, b\t`, 'Accept: */*', 'accept: x');
  if (random.chance(0.3))
    return Buffer.from(head(random.pick(['GET', 'POST', 'DELETE']), random.pick(paths), fields));
  const count = random.pick([1, 3, 1024, 30_000]);
  const json = Buffer.from(
    JSON.stringify({
      id: String(random.below(5)),
      inputs: [
        { name: 'INPUT0', shape: [1, count], datatype: 'FP32', parameters: { binary_data_size: 4 * count } },
      ],
      parameters: { binary_data_output: random.chance(0.8) || count > 1024 },
    }),
  );
  // Sometimes there is less than the JSON says.
  const data = Buffer.alloc(4 * count - (random.chance(0.1) ? 1 : 0), random.below(100));
  const body = Buffer.concat([json, data]);
  fields.push(`Inference-Header-Content-Length: ${json.byteLength}`);
  // Node tells a client to go on in the midst of the answer to the request before.
  if (alone && random.chance(0.3)) fields.push('Expect: 100-continue');
  const path = '/v2/models/identity_fp32/infer';
  if (random.chance(0.6)) {
    return Buffer.concat([
      Buffer.from(head('POST', path, [...fields, `Content-Length: ${body.byteLength}`])),
      body,
    ]);
  }
  const parts = [Buffer.from(head('POST', path, [...fields, 'Transfer-Encoding: chunked']))];
  for (let at = 0; at < body.byteLength;) {
    const part = body.subarray(at, at + 1 + random.below(50_000));
    parts.push(Buffer.from(`${part.byteLength.toString(16)}\r\n`), part, Buffer.from('\r\n'));
    at += part.byteLength;
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}

function head(method: string, path: string, fields: readonly string[]): string {
  return [`${method} ${path} HTTP/1.1`, ...fields, '', ''].join('\r\n');
}

/** Sends requests in some pieces on one connection, whose last one closes it; the result is all that came. */
function play(port: number, bytes: Buffer, random: Random): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let text = '';
    socket.on('data', (piece: Buffer) => (text += piece.toString('latin1')));
    socket.on('error', () => {});
    socket.once('close', () => resolve(text));
    let at = 0;
    const next = (): void => {
      if (at >= bytes.byteLength) return;
      const part = bytes.subarray(at, at + 1 + random.below(80_000));
      at += part.byteLength;
      socket.write(part, () => setImmediate(next));
    };
    next();
  });
}

test('random requests are answered alike by both transports', async () => {
  for (let number = 0; number < 60; number++) {
    const random = new Random(7, number);
    const count = 1 + random.below(5);
    const requests = Array.from({ length: count }, (_, i) =>
      makeRequest(random, { last: i === count - 1, alone: count === 1 }),
    );
    const bytes = Buffer.concat(requests);
    const [own, node] = await Promise.all(
      servers.map(async ({ httpPort }) => readAnswers(await play(httpPort, bytes, new Random(8, number)))),
    );
    assert.equal(own!.length, count, `session ${number}`);
    assert.deepEqual(own, node, `session ${number}`);
  }
  for (const { lentSlots, httpFrontEnd } of servers) {
    await eventually(() => httpFrontEnd.busyCount === 0, 'nothing is under way');
    assert.deepEqual([lentSlots, httpFrontEnd.heldBytes], [0, 0]);
  }
});
