import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { after, test } from 'node:test';
import type { InferenceError } from '../../src/inference/error.js';
import type { RunResult } from '../../src/instances/instance.js';
import type { OpenMessage } from '../../src/instances/messages.js';
import type { PooledInstance } from '../../src/instances/pool.js';
import { joinBytes } from '../../src/tensors/bytes.js';
import { RegionBytes } from '../../src/tensors/region-bytes.js';
import type { Tensor } from '../../src/tensors/tensor.js';
import { floats, integers, openMessage, slots, TestInstance, tensorOf } from '../support/instance.js';
import { failure } from '../support/scheduler.js';
import { brokenModels } from '../support/server.js';
import { withObjects } from '../support/shared-object.js';

/** A way to run a model, of which the suite asks what every instance promises. */
export interface Implementation {
  readonly open: (model: OpenMessage) => Promise<PooledInstance>;
  /** What a run is refused with after the close of the instance of this name. */
  readonly closedText: (name: string) => string;
}

const opened: TestInstance[] = [];

after(async () => {
  await Promise.all(opened.map(({ real }) => real.close()));
});

const row = (...values: number[]): Tensor =>
  tensorOf('INPUT0', [1, values.length], Float32Array.from(values));
const strings = (...texts: string[]): Tensor =>
  tensorOf('INPUT0', [1, texts.length], joinBytes(texts.map((text) => Buffer.from(text))));
const number = (name: string, value: number): Tensor => tensorOf(name, [1], BigInt64Array.of(BigInt(value)));

const refusals: readonly { model: string; code: string; message: string | RegExp }[] = [
  {
    model: 'not_onnx',
    code: 'internal',
    message: /^onnx runtime error \d+: .*model\.onnx failed:Protobuf parsing failed/,
  },
  {
    model: 'wrong_datatype',
    code: 'invalid-argument',
    message:
      "unable to load model 'wrong_datatype', configuration expects datatype TYPE_INT32 for input 'INPUT0', model provides TYPE_FP32",
  },
  {
    model: 'wrong_shape',
    code: 'invalid-argument',
    message:
      "model 'wrong_shape', tensor 'INPUT0': the model expects 2 dimensions (shape [-1,4]) but the model configuration specifies 2 dimensions (an initial batch dimension because max_batch_size > 0 followed by the explicit tensor shape, making complete shape [-1,8])",
  },
  {
    model: 'unknown_output',
    code: 'invalid-argument',
    message: "unexpected inference output 'OUTPUT9', allowed outputs are: OUTPUT0, OUTPUT1",
  },
  {
    model: 'bf16',
    code: 'unsupported',
    message:
      "unable to load model 'bf16', it has an input or output of ONNX element type BFLOAT16, which onnxruntime-node cannot carry",
  },
];

/** Registers the tests of what every instance promises. */
export function testInstances({ open: openReal, closedText }: Implementation): void {
  const fresh = async (name: string): Promise<TestInstance> => {
    const model = await openMessage(name);
    return new TestInstance(await openReal(model), model);
  };
  const open = async (name: string): Promise<TestInstance> => {
    const instance = await fresh(name);
    opened.push(instance);
    return instance;
  };

  test('an output whose row is fixed is computed into the slot, for any batch', async () => {
    const instance = await open('fixed_fp32');
    const [one] = await instance.run([row(1, 2, 3, 4)]);
    assert.deepEqual(
      [one!.name, one!.shape, floats(one!), one!.inSlot],
      ['OUTPUT0', [1, 4], [1, 2, 3, 4], true],
    );
    const [three] = await instance.run([row(1, 2, 3, 4)], [row(5, 6, 7, 8)], [row(9, 10, 11, 12)]);
    assert.deepEqual(
      [three!.shape, floats(three!)],
      [
        [3, 4],
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
      ],
    );
  });

  test('an input that lies in shared memory is read by the instance, and one that was cut fails its run alone', () =>
    withObjects([new Uint8Array(Float32Array.of(0, 1, 2, 3, 4).buffer)], async (object) => {
      const instance = await open('identity_fp32');
      const fd = openSync(object.file, 'r');
      const place = { region: 'r', fd, position: 4, byteLength: 16 };
      const shared = {
        name: 'INPUT0',
        datatype: 'FP32',
        shape: [2, 2],
        data: new RegionBytes(place),
      } as const;
      const [output] = await instance.run([row(8, 9)], [shared]);
      assert.deepEqual(
        [output!.shape, floats(output!)],
        [
          [3, 2],
          [8, 9, 1, 2, 3, 4],
        ],
      );
      object.truncate(19);
      const { code, message } = await failure(instance.run([shared]));
      assert.equal(code, 'invalid-argument');
      assert.match(message, /^shared memory region 'r' is smaller than when it was registered/);
      const [again] = await instance.run([row(7)]);
      assert.deepEqual(floats(again!), [7]);
      closeSync(fd);
    }));

  test('an output whose free dimension is that of an input is computed straight into the slot', async () => {
    const instance = await open('identity_fp32');
    const [output] = await instance.run([row(1, 2)], [row(3, 4)]);
    assert.deepEqual([output!.shape, floats(output!), output!.inSlot], [[2, 2], [1, 2, 3, 4], true]);
  });

  test('an output may have a size that only the data tells', async () => {
    const instance = await open('nonzero');
    const [some] = await instance.run([tensorOf('INPUT0', [4], Float32Array.of(0, 5, 0, 7))]);
    assert.equal(some!.inSlot, false);
    assert.deepEqual(
      [some!.shape, integers(some!)],
      [
        [1, 2],
        [1, 3],
      ],
    );
    const [none] = await instance.run([tensorOf('INPUT0', [2], Float32Array.of(0, 0))]);
    assert.deepEqual([none!.shape, integers(none!)], [[1, 0], []]);
  });

  test('an output may be as large as a request asks for, and an empty one too', async () => {
    const instance = await open('big_out');
    for (const size of [2_000_000, 0, 3]) {
      const [output] = await instance.run([number('N', size)]);
      assert.deepEqual([output!.shape, output!.bytes.byteLength], [[size], 4 * size]);
    }
  });

  test('zero-size inputs run', async () => {
    const [fixed] = await (await open('identity_fp32')).run([row()]);
    assert.deepEqual([fixed!.shape, floats(fixed!)], [[1, 0], []]);
    const [texts] = await (await open('identity_bytes')).run([strings()]);
    assert.deepEqual([texts!.shape, texts!.bytes.byteLength], [[1, 0], 0]);
  });

  test('scalars and reshapes reach the model in its own shape', async () => {
    const [scalar] = await (await open('scalar_fp32')).run([tensorOf('INPUT0', [1], Float32Array.of(4))]);
    assert.deepEqual([scalar!.shape, floats(scalar!)], [[], [5]]);
    const [doubled] = await (await open('reshape_scalar')).run([row(4)], [row(6)]);
    assert.deepEqual([doubled!.shape, floats(doubled!)], [[2], [8, 12]]);
  });

  test('two inputs and two outputs keep apart', async () => {
    const instance = await open('add_sub');
    const inputs = [row(5, 6, 7, 8), { ...row(1, 2, 3, 4), name: 'INPUT1' }];
    const [sum, difference] = await instance.run(inputs);
    assert.deepEqual(
      [floats(sum!), floats(difference!)],
      [
        [6, 8, 10, 12],
        [4, 4, 4, 4],
      ],
    );
  });

  test('strings come back as they were, also such as stand for lost bytes elsewhere', async () => {
    const instance = await open('identity_bytes');
    const texts = ['', 'a', 'grüße 🌍', '\ufffd', '\ufeffbom'];
    const [output] = await instance.run([strings(...texts)]);
    assert.deepEqual(output!.bytes, Uint8Array.from(strings(...texts).data));
  });

  test('strings that the runtime would change are refused, and the instance goes on', async () => {
    const instance = await open('identity_bytes');
    const refusal = async (...elements: Uint8Array[]): Promise<InferenceError> =>
      failure(instance.run([tensorOf('INPUT0', [1, elements.length], joinBytes(elements))]));
    const changed = 'onnxruntime-node would change it on its way to the model, so it is refused';
    const nul = await refusal(Buffer.from('a'), Buffer.from('b\0c'));
    assert.equal(nul.code, 'invalid-argument');
    assert.equal(nul.message, `element 1 of BYTES input 'INPUT0' contains a NUL byte; ${changed}`);
    const bytes = await refusal(Uint8Array.of(0xff, 0xfe));
    assert.equal(bytes.message, `element 0 of BYTES input 'INPUT0' is not valid UTF-8; ${changed}`);
    const [output] = await instance.run([strings('ok')]);
    assert.deepEqual(output!.bytes, Uint8Array.from(strings('ok').data));
  });

  test('strings of the model that the runtime has changed are withheld', async () => {
    const instance = await open('strings_const');
    const error = await failure(instance.run([{ ...strings('a'), shape: [1] }]));
    assert.equal(error.code, 'internal');
    assert.equal(
      error.message,
      "element 1 of BYTES output 'OUTPUT0' is not valid UTF-8; onnxruntime-node loses such bytes, so the output is withheld",
    );
  });

  test('an error of a run has the words of the runtime and leaves the instance usable', async () => {
    const instance = await open('fails_at_run');
    const error = await failure(instance.run([number('INDEX', 9)]));
    assert.equal(error.code, 'internal');
    assert.match(error.message, /^onnx runtime error \d+: .*indices element out of data bounds/);
    const [value] = await instance.run([number('INDEX', 2)]);
    assert.deepEqual(floats(value!), [30]);
  });

  test('batches that are handed over together come back together, each with its own result', async () => {
    const { real } = await open('fails_at_run');
    const slot = (index: number) => {
      const buffer = slots.take(128);
      new BigInt64Array(buffer)[0] = BigInt(index);
      return buffer;
    };
    const inputs = [{ index: 0, shape: [1], offset: 0, byteLength: 8 }];
    const runs = [2, 9, 0].map((index) => ({
      slot: slot(index),
      batchSize: 1,
      inputs,
      wanted: [0],
      outputsAt: 64,
    }));
    const { results, tookUs } = await real.run(runs);
    const [first, second, third] = results;
    assert.deepEqual([first!.kind, second!.kind, third!.kind], ['done', 'failed', 'done']);
    const value = (result: RunResult): number =>
      result.kind === 'done' ? new DataView(result.outputs[0]!.data.slice().buffer).getFloat32(0, true) : NaN;
    assert.deepEqual([value(first!), value(third!)], [30, 10]);
    assert.ok(tookUs > 0);
  });

  test('an instance holds one hand-off at a time', async () => {
    const { real } = await open('slow');
    const run = () =>
      real.run([
        {
          slot: slots.take(128),
          batchSize: 1,
          inputs: [{ index: 0, shape: [1], offset: 0, byteLength: 8 }],
          wanted: [0],
          outputsAt: 64,
        },
      ]);
    const held = run();
    assert.throws(run, /^Error: slow_0 holds batches already\. This is a bug\.$/);
    await held;
    await run();
  });

  test('closing waits for the run that the instance holds, which is answered', async () => {
    const instance = await fresh('slow');
    const running = instance.run([number('ITERATIONS', 100)]);
    await instance.real.close();
    const [done] = await running;
    assert.deepEqual(integers(done!), [100]);
  });

  test('an instance that was closed refuses further runs', async () => {
    const instance = await fresh('identity_fp32');
    await Promise.all([instance.real.close(), instance.real.close()]);
    const error = await failure(instance.run([row(1)]));
    assert.deepEqual([error.code, error.message], ['unavailable', closedText('identity_fp32_0')]);
  });

  for (const { model, code, message } of refusals) {
    test(`a session is refused at load: ${model}`, async () => {
      const error = await failure(openReal(await openMessage(model, brokenModels)));
      assert.equal(error.code, code);
      if (typeof message === 'string') assert.equal(error.message, message);
      else assert.match(error.message, message);
    });
  }
}
