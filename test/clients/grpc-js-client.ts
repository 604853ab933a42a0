import { credentials, type ClientDuplexStream } from '@grpc/grpc-js';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import {
  decode,
  encode,
  inferRequest,
  inferResponse,
  streamResponse,
} from '../frontends/grpc/codec/schema.js';
import { BytesClient, type BytesSetup } from '../frontends/grpc/transports/bytes-client.js';

/**
 * Calls an inference server with @grpc/grpc-js: `grpc-js-client.js CASE PORT [CA.pem]`. One case per run; it
 * ends with an error when an answer is not what it must be.
 */
const service = '/inference.GRPCInferenceService';
const mebibyte = 2 ** 20;

/** A request whose one output is the bytes again. */
function echo(id: number, bytes: Buffer, model = 'identity_uint8'): Buffer {
  return encode(inferRequest, {
    model_name: model,
    id: String(id),
    inputs: [{ name: 'INPUT0', datatype: 'UINT8', shape: [1, bytes.byteLength] }],
    raw_input_contents: [bytes],
  });
}

async function echoed(
  client: BytesClient,
  id: number,
  byteLength: number,
  setup?: BytesSetup,
): Promise<void> {
  const bytes = Buffer.alloc(byteLength, id % 251);
  const {
    code,
    details,
    bytes: answer,
  } = await client.unary(`${service}/ModelInfer`, echo(id, bytes), setup);
  assert.equal(code, 0, details);
  const response = decode(inferResponse, answer);
  assert.equal(response.id, String(id));
  assert.ok(bytes.equals(response.raw_output_contents[0]));
}

async function stream(client: BytesClient): Promise<void> {
  const call: ClientDuplexStream<Buffer, Buffer> = client.talk(`${service}/ModelStreamInfer`);
  for (let id = 0; id < 500; id++) call.write(echo(id, Buffer.alloc(1 + id * 64, id % 251)));
  call.end();
  let count = 0;
  for await (const answer of call) {
    const { error_message: error, infer_response: response } = decode(streamResponse, answer as Buffer);
    assert.equal(error, '');
    assert.equal(response.id, String(count));
    assert.ok(Buffer.alloc(1 + count * 64, count % 251).equals(response.raw_output_contents[0]));
    count++;
  }
  assert.equal(count, 500);
}

async function errors(client: BytesClient): Promise<void> {
  const unknown = await client.unary(`${service}/ModelInfer`, echo(0, Buffer.alloc(1), 'nothing \u{1f600}'));
  assert.equal(unknown.code, 5);
  assert.equal(unknown.details, "Request for unknown model: 'nothing \u{1f600}' is not found");
  const unimplemented = await client.unary(`${service}/Nothing`, Buffer.alloc(0));
  assert.equal(unimplemented.code, 12);
}

async function deadlines(client: BytesClient): Promise<void> {
  for (let id = 0; id < 200; id++) {
    const setup = { deadline: Date.now() + 1 };
    const { code } = await client.unary(`${service}/ModelInfer`, echo(id, Buffer.alloc(mebibyte)), setup);
    assert.ok(code === 0 || code === 1 || code === 4, `status ${code}`);
  }
  await echoed(client, 1, 1000);
}

const cases: Readonly<Record<string, (client: BytesClient) => Promise<unknown>>> = {
  many_at_once: (client) =>
    Promise.all(Array.from({ length: 500 }, (_, id) => echoed(client, id, 1 + id * 7))),
  stream,
  errors,
  deadlines,
  large: (client) => echoed(client, 7, 64 * mebibyte),
  gzip: (client) => echoed(client, 7, 4 * mebibyte),
};

const [name = '', port, ca] = process.argv.slice(2);
const run = cases[name];
if (run === undefined) throw new Error(`there is no case ${name}`);
const channel = ca === undefined ? credentials.createInsecure() : credentials.createSsl(readFileSync(ca));
const compression = name === 'gzip' ? { 'grpc.default_compression_algorithm': 2 } : {};
const client = new BytesClient(Number(port), channel, compression);
await run(client);
client.close();
