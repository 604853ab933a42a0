import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { InlineInstance } from '../../../src/instances/inline-instance.js';
import { ThreadInstance } from '../../../src/instances/instance.js';
import type { OpenMessage } from '../../../src/instances/messages.js';
import { joinBytes } from '../../../src/tensors/bytes.js';
import type { Tensor } from '../../../src/tensors/tensor.js';
import { openMessage, tensorOf, TestInstance } from '../../support/instance.js';
import { failure } from '../../support/scheduler.js';
import { root, withFolder } from '../../support/server.js';

// models.md 3.5: overridable initializers are optional inputs; 4.6: what is not sent has the model's own value.

const floats = (name: string, ...values: number[]): Tensor =>
  tensorOf(name, [values.length], Float32Array.from(values));
const texts = (name: string, ...values: string[]): Tensor =>
  tensorOf(name, [values.length], joinBytes(values.map((text) => Buffer.from(text))));
const halves = (name: string, ...bits: number[]): Tensor => ({
  name,
  datatype: 'FP16',
  shape: [bits.length],
  data: new Uint8Array(Uint16Array.from(bits).buffer),
});

const input = floats('INPUT0', 1, 2);

/** What the model answers when it is given nothing but its required input. */
const own = {
  OUTPUT0: floats('OUTPUT0', 12, 24),
  TEXT_OUT: texts('TEXT_OUT', 'of the', 'modél'),
  HALF_OUT: halves('HALF_OUT', 0x3800, 0xc000, 0x7bff),
  COUNT_OUT: tensorOf('COUNT_OUT', [1], BigInt64Array.of(-(2n ** 62n))),
};

const rows: readonly { why: string; inputs: Tensor[]; changed: Partial<Record<keyof typeof own, Tensor>> }[] =
  [
    { why: 'nothing more', inputs: [input], changed: {} },
    {
      why: 'a scalar',
      inputs: [input, floats('FACTOR', -1)],
      changed: { OUTPUT0: floats('OUTPUT0', 9, 18) },
    },
    {
      why: 'a vector before what is required',
      inputs: [floats('ADDEND', 0, 1), input],
      changed: { OUTPUT0: floats('OUTPUT0', 2, 5) },
    },
    {
      why: 'strings',
      inputs: [input, texts('TEXT', '', 'b')],
      changed: { TEXT_OUT: texts('TEXT_OUT', '', 'b') },
    },
    {
      why: 'halves',
      inputs: [input, halves('HALF', 0, 1, 0x7e00)],
      changed: { HALF_OUT: halves('HALF_OUT', 0, 1, 0x7e00) },
    },
    {
      why: 'integers',
      inputs: [input, tensorOf('COUNT', [1], BigInt64Array.of(7n))],
      changed: { COUNT_OUT: tensorOf('COUNT_OUT', [1], BigInt64Array.of(7n)) },
    },
    {
      why: 'all of them',
      inputs: [
        input,
        floats('FACTOR', 3),
        floats('ADDEND', 1, 1),
        texts('TEXT', 'a', 'b'),
        halves('HALF', 1, 2, 3),
        tensorOf('COUNT', [1], BigInt64Array.of(1n)),
      ],
      changed: {
        OUTPUT0: floats('OUTPUT0', 4, 7),
        TEXT_OUT: texts('TEXT_OUT', 'a', 'b'),
        HALF_OUT: halves('HALF_OUT', 1, 2, 3),
        COUNT_OUT: tensorOf('COUNT_OUT', [1], BigInt64Array.of(1n)),
      },
    },
  ];

const opened = async (
  kind: 'thread' | 'inline',
  change: Partial<OpenMessage> = {},
): Promise<TestInstance> => {
  const model = { ...(await openMessage('optional_inputs')), ...change };
  const real =
    kind === 'thread'
      ? await ThreadInstance.open(model, { onDeath() {} })
      : await InlineInstance.open(model, { onSlow() {} });
  return new TestInstance(real, model);
};

for (const kind of ['thread', 'inline'] as const) {
  test(`3.5, 4.6: requests with and without optional inputs are answered right, ${kind}`, async () => {
    const instance = await opened(kind);
    // Twice: what one request sent must not be the default of the next.
    for (const { why, inputs, changed } of [...rows, ...rows]) {
      const [answer] = await instance.answer(inputs);
      assert.ok(answer instanceof Map, why);
      for (const [name, expected] of Object.entries({ ...own, ...changed })) {
        assert.deepEqual(Buffer.from(answer.get(name)!.data), Buffer.from(expected.data), why);
      }
    }
    await instance.real.close();
  });
}

test('inputs that only outputs outside of the config need may be sent and left out all the same', async () => {
  const { spec } = await openMessage('optional_inputs');
  const outputs = spec.outputs.filter(({ name }) => name === 'OUTPUT0');
  const instance = await opened('thread', { spec: { ...spec, outputs } });
  for (const inputs of [[input], [input, texts('TEXT', 'a', 'b')], [input, halves('HALF', 1, 2, 3)]]) {
    const [answer, ...others] = await instance.run(inputs);
    assert.deepEqual([...new Float32Array(answer!.bytes.buffer)], [12, 24]);
    assert.deepEqual(others, []);
  }
  await instance.real.close();
});

test('a default that lies in a file beside the model is read from there, and so are other weights', async () => {
  const folder = path.join(root, 'test/models/fixtures/external_default');
  const model = await openMessage('optional_inputs');
  const spec = {
    ...model.spec,
    inputs: model.spec.inputs.filter(({ name }) => name === 'INPUT0' || name === 'ADDEND'),
    outputs: model.spec.outputs.filter(({ name }) => name === 'OUTPUT0'),
  };
  const external = { ...model, spec, modelFile: path.join(folder, 'model.onnx') };
  const instance = new TestInstance(await ThreadInstance.open(external, { onDeath() {} }), external);
  for (const [inputs, expected] of [
    [[input], [31, 44]],
    [
      [input, floats('ADDEND', 1, 1)],
      [4, 7],
    ],
  ] as const) {
    const [answer] = await instance.run(inputs);
    assert.deepEqual([...new Float32Array(answer!.bytes.buffer)], expected);
  }
  await instance.real.close();
});

test('a model with optional inputs does not share its weights', async () => {
  await withFolder(async (shareIn) => {
    const error = await failure(opened('thread', { shareIn }));
    assert.equal(error.code, 'unsupported');
    assert.match(error.message, /has optional inputs, and 'nereid\.share_weights' leaves none/);
  });
});

/** What the model is refused with when its bytes are changed. */
async function refusedAfter(change: (bytes: Buffer) => Buffer): Promise<string> {
  return withFolder(async (folder) => {
    const modelFile = path.join(folder, 'model.onnx');
    await writeFile(modelFile, change(await readFile((await openMessage('optional_inputs')).modelFile)));
    return (await failure(opened('thread', { modelFile }))).message;
  });
}

test('a default that the binding would change is refused', async () => {
  for (const byte of [0x00, 0xff]) {
    const change = (bytes: Buffer): Buffer => {
      bytes[bytes.indexOf('of the') + 2] = byte;
      return bytes;
    };
    assert.match(
      await refusedAfter(change),
      /^unable to load model 'optional_inputs', the default of optional input 'TEXT' has text that is not valid UTF-8 or contains a NUL byte/,
    );
  }
});

test('a model of an old version of the format has no optional inputs', async () => {
  const old = (bytes: Buffer): Buffer => {
    assert.deepEqual([...bytes.subarray(0, 2)], [8, 8]);
    bytes[1] = 3;
    return bytes;
  };
  assert.equal(await refusedAfter(old), "unexpected inference input 'FACTOR', allowed inputs are: INPUT0");
});

test('what is no model is refused as without optional inputs', async () => {
  assert.match(
    await refusedAfter(() => Buffer.from('no model')),
    /failed:Protobuf parsing failed\. It is not an ONNX model/,
  );
});
