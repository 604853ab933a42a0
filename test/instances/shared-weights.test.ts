import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { InferRequest } from '../../src/inference/request.js';
import { ThreadInstance } from '../../src/instances/instance.js';
import type { OpenMessage } from '../../src/instances/messages.js';
import { SharedWeights, sharedModelFile } from '../../src/instances/shared-weights.js';
import { fillSlot } from '../../src/instances/slot.js';
import { openMessage, slots, tensorOf } from '../support/instance.js';
import { root, withFolder } from '../support/server.js';

const fixtures = path.join(root, 'test/models/fixtures');

async function infer(instance: ThreadInstance, { spec }: OpenMessage): Promise<Uint8Array> {
  const rows = Float32Array.from({ length: 5 * 19 }, (_, index) => Math.sin(index));
  const request = new InferRequest('', [tensorOf('x', [5, 19], rows)]);
  const run = fillSlot({ spec, outputs: instance.outputs }, [request], slots);
  const [result] = (await instance.run([run])).results;
  if (result?.kind !== 'done') throw result?.error ?? new Error('no result');
  const bytes = Uint8Array.from(result.outputs[0]?.data ?? []);
  slots.giveBack(result.slot);
  return bytes;
}

/** How many places of this process's memory are mapped from files of shared weights. */
function countMappings(): number {
  const maps = readFileSync('/proc/self/maps', 'utf8').split('\n');
  return maps.filter((line) => line.includes('nereid-weights-') && line.includes('aligned.bin')).length;
}

const onDeath = (): void => {};

function sharedForm(model: OpenMessage, folders: string[] = []): SharedWeights {
  return new SharedWeights(async (folder) => {
    folders.push(folder);
    const writer = await ThreadInstance.open({ ...model, shareIn: folder }, { onDeath });
    await writer.close();
  });
}

test('sessions that share weights answer bit for bit as one with weights of its own', async () => {
  const model = await openMessage('odd_weights', fixtures);
  const folders: string[] = [];
  const shared = sharedForm(model, folders);
  const openShared = (): Promise<ThreadInstance> =>
    shared.open((modelFile) => ThreadInstance.open({ ...model, modelFile, shared: true }, { onDeath }));
  const plain = await ThreadInstance.open(model, { onDeath });
  const both = await Promise.all([openShared(), openShared()]);
  try {
    const expected = await infer(plain, model);
    assert.equal(expected.byteLength, 5 * 23 * 4);
    for (const instance of both) assert.deepEqual(await infer(instance, model), expected);
    if (existsSync('/proc/self/maps')) assert.ok(countMappings() > 0, 'weights are mapped');
    assert.equal(folders.length, 1, 'written once');
    assert.equal(existsSync(folders[0] ?? ''), false, 'removed once all are open');
  } finally {
    for (const instance of [plain, ...both]) await instance.close();
  }
  if (existsSync('/proc/self/maps')) assert.equal(countMappings(), 0);
});

test('a session that is opened after the others writes the shared form anew', async () => {
  const folders: string[] = [];
  const shared = new SharedWeights(async (folder) => {
    folders.push(folder);
    await writeFile(sharedModelFile(folder), String(folders.length));
  });
  const read = (): Promise<string> => shared.open(async (file) => readFileSync(file, 'utf8'));
  assert.deepEqual(await Promise.all([read(), read(), read()]), ['1', '1', '1']);
  assert.equal(await read(), '2');
  for (const folder of folders) assert.equal(existsSync(folder), false);
});

test('a failure to write or to open is passed on, and leaves nothing behind', async () => {
  const folders: string[] = [];
  const unwritable = new SharedWeights((folder) => {
    folders.push(folder);
    return Promise.reject(new Error('disk full'));
  });
  const opens = [1, 2].map(() => unwritable.open(async () => 'opened'));
  for (const outcome of await Promise.allSettled(opens)) {
    assert.equal(outcome.status, 'rejected');
    assert.match(String(outcome.reason), /disk full/);
  }
  const unopenable = new SharedWeights(async (folder) => {
    folders.push(folder);
  });
  await assert.rejects(
    unopenable.open(() => Promise.reject(new Error('not a model'))),
    /not a model/,
  );
  assert.equal(folders.length, 2);
  for (const folder of folders) assert.equal(existsSync(folder), false);
});

test('a model that is wrong is refused when its shared form is written', async () => {
  await withFolder(async (folder) => {
    const model = await openMessage('odd_weights', fixtures);
    const modelFile = path.join(folder, 'model.onnx');
    await writeFile(modelFile, 'not a model');
    const shared = sharedForm({ ...model, modelFile });
    await assert.rejects(
      shared.open(() => Promise.resolve()),
      /onnx runtime error/,
    );
  });
});

test('weights that are written lie at multiples of 64 bytes, and nothing refers to where they were', async () => {
  await withFolder(async (folder) => {
    const model = await openMessage('odd_weights', fixtures);
    const target = path.join(folder, 'shared');
    await mkdir(target);
    const writer = await ThreadInstance.open({ ...model, shareIn: target }, { onDeath });
    await writer.close();
    assert.deepEqual((await readdir(target)).toSorted(), ['aligned.bin', 'model.onnx']);
    const text = readFileSync(sharedModelFile(target), 'latin1');
    assert.equal(text.includes('packed.bin'), false);
    const offsets = [...text.matchAll(/\|(\d+);\d+;/g)].map(([, offset]) => Number(offset));
    assert.ok(offsets.length >= 5);
    assert.deepEqual(
      offsets.filter((offset) => offset % 64 !== 0),
      [],
    );
  });
});
