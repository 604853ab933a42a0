import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { pruneModel } from '../../../src/instances/backends/onnx-prune.js';
import { readFields, writeField, writeNumber } from '../../../src/instances/backends/protobuf-fields.js';

const text = (number: number, value: string): Uint8Array => writeField(number, Buffer.from(value));
const message = (number: number, ...fields: Uint8Array[]): Uint8Array =>
  writeField(number, Buffer.concat(fields));

/** An FP32 tensor of one element, as an input or output of a graph. */
const value = (field: number, name: string): Uint8Array => {
  const shape = message(2, message(1, writeNumber(1, 1)));
  return message(field, text(1, name), message(2, message(1, writeNumber(1, 1), shape)));
};

interface Graph {
  /** What each node adds, as indices of what was there before it: the input, then the nodes before. */
  readonly nodes: readonly (readonly [number, number])[];
  readonly outputs: readonly number[];
  /** Of the outputs. */
  readonly wanted: readonly number[];
}

const nameOf = (at: number): string => (at === 0 ? 'X' : `T${at}`);

function encode({ nodes, outputs }: Graph): Uint8Array {
  const adding = nodes.map(([left, right], at) =>
    message(1, text(1, nameOf(left)), text(1, nameOf(right)), text(2, nameOf(at + 1)), text(4, 'Add')),
  );
  const graph = message(
    7,
    ...adding,
    text(2, 'g'),
    value(11, 'X'),
    ...outputs.map((at) => value(12, nameOf(at))),
  );
  return Buffer.concat([writeNumber(1, 8), message(8, writeNumber(2, 13)), graph]);
}

const graphs: fc.Arbitrary<Graph> = fc
  .array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 12 })
  .map((pairs) => pairs.map(([left, right], at) => [left % (at + 1), right % (at + 1)] as const))
  .chain((nodes) => {
    const made = nodes.map((_, at) => at + 1);
    return fc
      .subarray(made, { minLength: 1 })
      .chain((outputs) =>
        fc.subarray(outputs, { minLength: 1 }).map((wanted) => ({ nodes, outputs, wanted })),
      );
  });

/** The nodes that the wanted outputs need, found the slow way. */
function neededCount({ nodes, wanted }: Graph): number {
  let needed = new Set(wanted);
  for (let size = -1; size !== needed.size;) {
    size = needed.size;
    needed = new Set([...needed, ...[...needed].flatMap((at) => nodes[at - 1] ?? [])]);
  }
  return needed.size - Number(needed.has(0));
}

async function run(model: Uint8Array, wanted: readonly number[]): Promise<number[]> {
  const session = await InferenceSession.create(model, { logSeverityLevel: 4, intraOpNumThreads: 1 });
  const fetches = wanted.map((at) => nameOf(at));
  const results = await session.run({ X: new OrtTensor('float32', Float32Array.of(1), [1]) }, fetches);
  await session.release();
  return fetches.map((name) => Number(results[name]!.data[0]));
}

function countNodes(model: Uint8Array): number {
  const graph = [...readFields(model)].find(({ number }) => number === 7)!.body!;
  return [...readFields(graph)].filter(({ number }) => number === 1).length;
}

test('what is left of a model has the nodes that are needed and no others, and answers the same', async () => {
  await fc.assert(
    fc.asyncProperty(graphs, async (graph) => {
      const whole = encode(graph);
      const pruned = pruneModel(whole, new Set(graph.wanted.map(nameOf)));
      const needed = neededCount(graph);
      assert.equal(pruned === undefined, needed === graph.nodes.length);
      if (pruned === undefined) return;
      assert.equal(countNodes(pruned), needed);
      assert.deepEqual(await run(pruned, graph.wanted), await run(whole, graph.wanted));
    }),
    { seed: 61, numRuns: 60 },
  );
});
