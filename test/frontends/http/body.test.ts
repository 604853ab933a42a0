import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { ask, errorOf, withBlobs } from '../../support/http.js';
import { eventually } from '../../support/eventually.js';
import { startServer, testModels, type TestServer } from '../../support/server.js';

const receivingBytesMax = 1024 * 1024;
let server: TestServer;
before(async () => {
  server = await startServer({ repository: testModels, http: { receivingBytesMax, receiveTimeoutMs: 300 } });
});
after(() => server.close());

const path = '/v2/models/identity_fp32/infer';

/** A connection of its own, and all that came on it. */
interface Wire {
  readonly socket: Socket;
  readonly got: () => string;
  readonly closed: () => boolean;
}

function open(): Wire {
  const socket = connect({ port: server.httpPort, host: '127.0.0.1' });
  let [text, over] = ['', false];
  socket.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')));
  socket.on('error', () => {});
  socket.once('close', () => (over = true));
  return { socket, got: () => text, closed: () => over };
}

function head(...headers: string[]): string {
  return `POST ${path} HTTP/1.1\r\nHost: x\r\n${headers.join('\r\n')}\r\n\r\n`;
}

const request = JSON.stringify({ inputs: [{ name: 'INPUT0', shape: [1, 1], datatype: 'FP32', data: [1] }] });

test('a body that stands still is given up', async () => {
  const wire = open();
  wire.socket.write(`${head('Content-Length: 1000')}{"inputs":`);
  await eventually(wire.closed, 'the connection is closed');
  assert.match(wire.got(), /^HTTP\/1\.1 408 /);
  assert.match(wire.got(), /"error":"the request body stands still: 10 bytes have come"/);
});

test('a body that comes slowly is waited for', async () => {
  const wire = open();
  wire.socket.write(head(`Content-Length: ${request.length}`));
  const startMs = Date.now();
  let sent = 0;
  // Twice as long as a body may stand still.
  await eventually(() => {
    if (Date.now() > startMs + (sent * 600) / request.length) wire.socket.write(request[sent++] ?? '');
    return sent >= request.length;
  }, 'all is sent');
  await eventually(() => wire.got().includes('[1.0]'), 'it is answered');
  wire.socket.destroy();
});

test('more small chunks than Triton takes are refused, and the connection closed', async () => {
  const wire = open();
  wire.socket.write(head('Transfer-Encoding: chunked'));
  const chunks = '1\r\n \r\n'.repeat(1000);
  for (let i = 0; i < 66; i++) wire.socket.write(chunks);
  await eventually(() => wire.got().includes('Chunked request body exceeds'), 'it is refused');
  assert.match(wire.got(), /^HTTP\/1\.1 400 /);
  await eventually(wire.closed, 'the connection is closed');
});

test('as many small chunks as Triton takes are taken', async () => {
  const wire = open();
  wire.socket.write(head('Transfer-Encoding: chunked'));
  for (const letter of request) wire.socket.write(`1\r\n${letter}\r\n`);
  wire.socket.write(`${'1\r\n \r\n'.repeat(65_000)}0\r\n\r\n`);
  await eventually(() => wire.got().includes('[1.0]'), 'it is answered');
  wire.socket.destroy();
});

test('bodies that are unfinished are bounded together, and those that end make room', async () => {
  const half = Buffer.alloc(receivingBytesMax / 2, ' ');
  const wires = [open(), open()];
  for (const { socket } of wires) socket.write(head('Content-Length: 50000000'));
  for (const { socket } of wires) socket.write(half);
  await eventually(async () => {
    const answer = await ask(server.httpPort, path, { body: request });
    return answer.status === 503 && errorOf(answer).includes('--http-max-receiving-bytes');
  }, 'there is no room');
  for (const { socket } of wires) socket.destroy();
  await eventually(
    async () => (await ask(server.httpPort, path, { body: request })).status === 200,
    'there is room',
  );
});

test('a client that goes away in the midst of its body or of its answer leaves nothing behind', async () => {
  const data = Buffer.alloc(3_000_000);
  const asked = withBlobs(
    {
      inputs: [
        {
          name: 'INPUT0',
          shape: [1, 750_000],
          datatype: 'FP32',
          parameters: { binary_data_size: data.byteLength },
        },
      ],
      parameters: { binary_data_output: true },
    },
    data,
  );
  const body = asked.body as Buffer;
  const length = `Content-Length: ${body.byteLength}`;
  const ends = `Inference-Header-Content-Length: ${asked.headers!['inference-header-content-length']}`;
  for (const sentBytes of [0, 100, 500_000, body.byteLength]) {
    const wire = open();
    wire.socket.pause();
    await new Promise<void>((resolve) =>
      wire.socket.write(Buffer.concat([Buffer.from(head(length, ends)), body.subarray(0, sentBytes)]), () =>
        resolve(),
      ),
    );
    wire.socket.destroy();
  }
  await eventually(
    () => server.lentSlots === 0 && server.httpFrontEnd.busyCount === 0,
    'nothing is under way',
  );
  assert.equal((await ask(server.httpPort, path, { body: request })).status, 200);
});

test('a request whose client is gone does not run', async () => {
  const inputs = [{ name: 'ITERATIONS', datatype: 'INT64', shape: [1], data: [20_000] }];
  const body = JSON.stringify({ inputs });
  const wires = Array.from({ length: 6 }, () => open());
  for (const { socket } of wires) {
    socket.write(
      `POST /v2/models/slow/infer HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
  }
  const inFlight = (): number => server.server.inFlight().find(({ model }) => model === 'slow')?.count ?? 0;
  await eventually(() => inFlight() === 6, 'all wait or run');
  for (const { socket } of wires) socket.destroy();
  await eventually(() => inFlight() <= 1, 'those that waited are gone');
  await eventually(() => server.lentSlots === 0, 'all slots are back');
});

const malformed: readonly [what: string, sent: string, status: number, error: string][] = [
  [
    'a length that is no number',
    head('Content-Length: ten'),
    400,
    'Unable to parse Content-Length, got: ten',
  ],
  ['what is no HTTP', 'GUESS\r\n\r\n', 400, 'Parse Error: Invalid method encountered'],
  [
    'headers without an end',
    `POST ${path} HTTP/1.1\r\nx: ${'y'.repeat(70_000)}`,
    431,
    'Parse Error: Header overflow',
  ],
  [
    'headers that take too long',
    `POST ${path} HTTP/1.1\r\nx: `,
    408,
    'the headers of the request took too long',
  ],
];

for (const [what, sent, status, error] of malformed) {
  test(`${what} is refused in words, and the connection closed`, async () => {
    const wire = open();
    wire.socket.write(sent);
    await eventually(wire.closed, 'the connection is closed');
    assert.match(wire.got(), new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.ok(wire.got().endsWith(`\r\n\r\n${JSON.stringify({ error })}`), wire.got());
  });
}

test('a length beyond 32 bits is refused before anything comes', async () => {
  const wire = open();
  wire.socket.write(head('Content-Length: 2147483648'));
  await eventually(() => wire.got().includes('out of range'), 'it is refused');
  assert.match(wire.got(), /^HTTP\/1\.1 400 /);
  wire.socket.destroy();
});
