import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { joinBytes } from '../../../src/tensors/bytes.js';
import { ask, withBlobs, type HttpAsk, type HttpReply } from '../../support/http.js';
import { eventually } from '../../support/eventually.js';
import { startServer, testModels, type TestServer } from '../../support/server.js';

let server: TestServer;
before(async () => {
  server = await startServer({ repository: testModels });
});
after(() => server.close());

function infer(model: string, asked: HttpAsk): Promise<HttpReply> {
  return ask(server.httpPort, `/v2/models/${model}/infer`, asked);
}

/** What an answer says; a large one has come through threads. */
function json({ body }: HttpReply): { outputs: { data?: unknown[] }[] } {
  return JSON.parse(body.toString()) as { outputs: { data?: unknown[] }[] };
}

function fp32(...values: number[]): Buffer {
  return Buffer.from(Float32Array.from(values).buffer);
}

test('JSON is answered with JSON, its keys in order', async () => {
  const inputs = [
    {
      name: 'INPUT0',
      shape: [2, 2],
      datatype: 'FP32',
      data: [
        [1, 2.5],
        [[0.1], -0],
      ],
    },
  ];
  const { status, headers, body } = await infer('identity_fp32', {
    body: JSON.stringify({ id: 'one', inputs }),
  });
  assert.equal(status, 200);
  assert.equal(headers['content-type'], 'application/json');
  assert.equal(headers['inference-header-content-length'], undefined);
  assert.equal(
    body.toString(),
    '{"id":"one","model_name":"identity_fp32","model_version":"1","outputs":[{"name":"OUTPUT0","datatype":"FP32","shape":[2,2],"data":[1.0,2.5,0.10000000149011612,0.0]}]}',
  );
});

test('members come in any order, and those that nobody knows are passed over', async () => {
  const body = `{"future":[{"a":[1,{}]}],"inputs":[{"x":null,"data":[7,[8]],"shape":[1,2],"datatype":"INT64","name":"INPUT0"}],"outputs":[{"name":"OUTPUT0"}]}`;
  assert.deepEqual(json(await infer('identity_int64', { body })).outputs[0]?.data, [7, 8]);
});

const head = (size: number, more: object = {}): object => ({
  inputs: [{ name: 'INPUT0', shape: [1, 2], datatype: 'FP32', parameters: { binary_data_size: size } }],
  ...more,
});

test('a binary tensor is answered with JSON, or with its bytes behind it', async () => {
  const asked = fp32(1, -2);
  assert.deepEqual(json(await infer('identity_fp32', withBlobs(head(8), asked))).outputs[0]?.data, [1, -2]);
  for (const more of [
    { parameters: { binary_data_output: true } },
    { outputs: [{ name: 'OUTPUT0', parameters: { binary_data: true } }] },
  ]) {
    const { headers, body } = await infer('identity_fp32', withBlobs(head(8, more), asked));
    assert.equal(headers['content-type'], 'application/octet-stream');
    const length = Number(headers['inference-header-content-length']);
    assert.equal(
      body.subarray(0, length).toString(),
      '{"model_name":"identity_fp32","model_version":"1","outputs":[{"name":"OUTPUT0","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}}]}',
    );
    assert.deepEqual(body.subarray(length), asked);
  }
});

test('outputs that are listed are JSON, whatever is said of those that are not', async () => {
  const more = { parameters: { binary_data_output: true }, outputs: [{ name: 'OUTPUT0' }] };
  const { headers } = await infer('identity_fp32', withBlobs(head(8, more), fp32(1, 2)));
  assert.equal(headers['content-type'], 'application/json');
});

test('binary and JSON tensors stand beside each other, in and out', async () => {
  const vector = { shape: [1, 4], datatype: 'FP32' };
  const asked = withBlobs(
    {
      inputs: [
        { name: 'INPUT0', ...vector, data: Array.from({ length: 4 }, (_, i) => i) },
        { name: 'INPUT1', ...vector, parameters: { binary_data_size: 16 } },
      ],
      outputs: [{ name: 'OUTPUT0', parameters: { binary_data: true } }, { name: 'OUTPUT1' }],
    },
    Buffer.from(Float32Array.from({ length: 4 }, () => 1).buffer),
  );
  const { headers, body, status } = await infer('add_sub', asked);
  assert.equal(status, 200, body.toString());
  const length = Number(headers['inference-header-content-length']);
  const said = JSON.parse(body.subarray(0, length).toString()) as { outputs: { data?: number[] }[] };
  assert.deepEqual(
    said.outputs[1]?.data,
    Array.from({ length: 4 }, (_, i) => i - 1),
  );
  const sums = new Float32Array(new Uint8Array(body.subarray(length)).buffer);
  assert.deepEqual(
    [...sums],
    Array.from({ length: 4 }, (_, i) => i + 1),
  );
});

test('large JSON goes through threads and is the same', async () => {
  const values = Float32Array.from({ length: 30_000 }, (_, i) => Math.sin(i) * 10 ** (i % 30));
  const inputs = [{ name: 'INPUT0', shape: [1, values.length], datatype: 'FP32', data: [...values] }];
  const answers = await Promise.all(
    [1, 2, 3].map(() => infer('identity_fp32', { body: JSON.stringify({ inputs }) })),
  );
  for (const answer of answers) assert.deepEqual(json(answer).outputs[0]?.data, [...values]);
});

test('large JSON before a binary tensor, in chunks that fit neither, is read up to where it ends', async () => {
  const count = 20_000;
  const data = Buffer.from(Float32Array.from({ length: count }, (_, i) => i).buffer);
  const shape = [1, count];
  const asked = withBlobs(
    {
      padding: 'x'.repeat(50_000),
      inputs: [
        { name: 'INPUT0', shape, datatype: 'FP32', parameters: { binary_data_size: data.byteLength } },
      ],
      parameters: { binary_data_output: true },
    },
    data,
  );
  const body = asked.body as Buffer;
  const chunks = Array.from({ length: Math.ceil(body.byteLength / 7001) }, (_, i) =>
    body.subarray(i * 7001, (i + 1) * 7001),
  );
  const { headers, body: got } = await infer('identity_fp32', { ...asked, body: chunks });
  assert.deepEqual(got.subarray(Number(headers['inference-header-content-length'])), data);
});

test('strings go through with all that they hold', async () => {
  const texts = ['', 'plain', 'ä\u{1f40d}', '"\\/\b\f\n\r\t\u0001', '\ufffd', 'x'.repeat(5000)];
  const escaped = texts.map(
    (text) =>
      `"${text
        .split('')
        .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
        .join('')}"`,
  );
  const inputs = (data: string): string =>
    `{"inputs":[{"name":"INPUT0","shape":[1,${texts.length}],"datatype":"BYTES","data":${data}}]}`;
  for (const data of [JSON.stringify(texts), `[${escaped.join(',')}]`]) {
    assert.deepEqual(json(await infer('identity_bytes', { body: inputs(data) })).outputs[0]?.data, texts);
  }
});

test('a tensor without elements needs no data to be right, and is answered without any', async () => {
  const inputs = [{ name: 'INPUT0', shape: [1, 0], datatype: 'FP32', data: [] }];
  assert.deepEqual(
    json(await infer('identity_fp32', { body: JSON.stringify({ inputs }) })).outputs[0]?.data,
    [],
  );
  const asked = withBlobs({
    inputs: [{ name: 'INPUT0', shape: [1, 0], datatype: 'FP32', parameters: { binary_data_size: 0 } }],
    parameters: { binary_data_output: true },
  });
  const { headers, body } = await infer('identity_fp32', asked);
  assert.equal(Number(headers['inference-header-content-length']), body.byteLength);
  assert.match(body.toString(), /"parameters":\{"binary_data_size":0\}/);
});

test('classes are told as JSON and as bytes', async () => {
  const data = { name: 'INPUT0', shape: [1, 4], datatype: 'FP32', data: [0.5, 4, 1, 2] };
  const outputs = (more: object): string =>
    JSON.stringify({
      inputs: [data],
      outputs: [{ name: 'OUTPUT0', parameters: { classification: 2, ...more } }],
    });
  const asJson = await infer('identity_fp32', { body: outputs({}) });
  assert.deepEqual(json(asJson).outputs[0]?.data, ['4.000000:1', '2.000000:3']);
  const { body, headers } = await infer('identity_fp32', { body: outputs({ binary_data: true }) });
  const expected = joinBytes(['4.000000:1', '2.000000:3'].map((text) => Buffer.from(text)));
  assert.deepEqual(body.subarray(Number(headers['inference-header-content-length'])), Buffer.from(expected));
});

test('a raw request is the data of the one input', async () => {
  const raw = { 'inference-header-content-length': '0' };
  const { headers, body } = await infer('identity_fp32', { headers: raw, body: fp32(1, 2, 3) });
  const length = Number(headers['inference-header-content-length']);
  assert.match(body.subarray(0, length).toString(), /"shape":\[1,3\],"parameters":\{"binary_data_size":12\}/);
  assert.deepEqual(body.subarray(length), fp32(1, 2, 3));
});

for (const [coding, squeeze, open] of [
  ['gzip', gzipSync, gunzipSync],
  ['deflate', deflateSync, inflateSync],
] as const) {
  test(`${coding} is taken and given`, async () => {
    const asked = withBlobs(head(8, { parameters: { binary_data_output: true } }), fp32(5, 6));
    const { headers, body } = await infer('identity_fp32', {
      headers: { ...asked.headers, 'content-encoding': coding, 'accept-encoding': coding },
      body: squeeze(asked.body as Buffer),
    });
    assert.equal(headers['content-encoding'], coding);
    assert.deepEqual(open(body).subarray(Number(headers['inference-header-content-length'])), fp32(5, 6));
  });
}

test('a large binary answer is what the model wrote, and its slot comes back', async () => {
  const values = Float32Array.from({ length: 300_000 }, (_, i) => i);
  const data = Buffer.from(values.buffer);
  const asked = withBlobs(
    {
      inputs: [
        {
          name: 'INPUT0',
          shape: [1, values.length],
          datatype: 'FP32',
          parameters: { binary_data_size: data.byteLength },
        },
      ],
      parameters: { binary_data_output: true },
    },
    data,
  );
  const answers = await Promise.all(Array.from({ length: 8 }, () => infer('identity_fp32', asked)));
  for (const { headers, body } of answers) {
    assert.ok(body.subarray(Number(headers['inference-header-content-length'])).equals(data));
  }
  await eventually(() => server.lentSlots === 0, 'all slots are back');
});

test('a version may be named', async () => {
  const inputs = [{ name: 'INPUT0', shape: [1, 1], datatype: 'FP32', data: [1] }];
  const body = JSON.stringify({ inputs });
  const { status } = await ask(server.httpPort, '/v2/models/identity_fp32/versions/1/infer', { body });
  assert.equal(status, 200);
});

test('the method of inference is POST alone', async () => {
  const { status, body } = await ask(server.httpPort, '/v2/models/identity_fp32/infer', { method: 'GET' });
  assert.deepEqual([status, body.toString()], [405, '{"error":"Method Not Allowed"}']);
});
