import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { settled } from '../support/scheduler.js';
import { monotonicClock } from '../../src/inference/clock.js';
import { InferRequest } from '../../src/inference/request.js';
import { ModelVersion } from '../../src/models/model-version.js';
import { defaultConfigOptions } from '../../src/repository/config-options.js';
import { readConfig } from '../../src/repository/model-files.js';
import { joinBytes } from '../../src/tensors/bytes.js';
import { Arena } from '../../src/tensors/arena.js';
import { sharedSlots, tensorOf } from '../support/instance.js';
import { failure } from '../support/scheduler.js';
import { defaultLogSettings } from '../../src/telemetry/log.js';
import { brokenModels, memoryLog, testModels } from '../support/server.js';

async function load(
  name: string,
  {
    repository = testModels,
    heapLimitMb,
    onHealthChanged = () => {},
    verboseLevel = 0,
  }: { repository?: string; heapLimitMb?: number; onHealthChanged?: () => void; verboseLevel?: number } = {},
) {
  const folder = path.join(repository, name);
  const { config } = await readConfig(
    { name, folder, versions: [1], hasOnnxFile: true },
    { gpus: [], configs: defaultConfigOptions },
  );
  const arena = new Arena({ keptBytesMax: 2 ** 24, shared: sharedSlots });
  const { log, lines } = memoryLog({ ...defaultLogSettings, verboseLevel });
  const version = await ModelVersion.load(
    {
      config,
      version: 1,
      folder,
      modelFile: path.join(folder, '1/model.onnx'),
      defaultIntraOpThreads: 1,
      onHealthChanged,
      ...(heapLimitMb === undefined ? {} : { heapLimitMb }),
    },
    { clock: monotonicClock, arena, log },
  );
  return { version, arena, lines };
}

function stringsOf(texts: readonly string[]): InferRequest {
  return new InferRequest('', [
    tensorOf('INPUT0', [1, texts.length], joinBytes(texts.map((text) => Buffer.from(text)))),
  ]);
}

function scoresOf(outputs: ConstructorParameters<typeof InferRequest>[2], ...values: number[]): InferRequest {
  return new InferRequest('', [tensorOf('INPUT0', [1, 2, 2], Float32Array.from(values))], outputs);
}

test('a thread that dies fails the request that it held, and the version recovers by itself', async () => {
  const health: boolean[] = [];
  const { version, lines } = await load('identity_bytes', {
    heapLimitMb: 24,
    onHealthChanged: () => health.push(version.healthy),
  });
  const tooMany = stringsOf(Array.from({ length: 2_000_000 }, () => 'é-'));
  const burst = failure(version.infer(tooMany));
  const waiting = version.infer(stringsOf(['after']));
  const error = await burst;
  assert.deepEqual([error.code, error.executed], ['unavailable', true]);
  const { outputs } = await waiting;
  assert.deepEqual(Uint8Array.from(outputs[0]!.data), joinBytes([Buffer.from('after')]));
  assert.deepEqual(health, [false, true]);
  const { success, fail, failures, executionCount } = version.statistics.snapshot();
  assert.deepEqual([success.count, executionCount, fail.count, failures.backend.count], [1, 1, 1, 1]);
  assert.equal(lines.filter((line) => line.includes('ended unexpectedly')).length, 1);
  assert.equal(lines.filter((line) => line.includes('has taken over')).length, 1);
  await version.close();
});

test('an answer holds its slot until it is released, and a failure holds none', async () => {
  const { version, arena } = await load('fails_at_run');
  const ask = (index: bigint): InferRequest =>
    new InferRequest('', [tensorOf('INDEX', [1], BigInt64Array.of(index))]);
  assert.equal((await failure(version.infer(ask(9n)))).executed, true);
  assert.equal(arena.keptBytes, 1024);
  const response = await version.infer(ask(1n));
  assert.equal(arena.keptBytes, 0);
  response.release();
  assert.equal(arena.keptBytes, 1024);
  await version.close();
});

test('an output is classified when the request asks for classes, with the labels of the model', async () => {
  const { version } = await load('classes');
  const { outputs } = await version.infer(
    scoresOf([{ name: 'OUTPUT0', classificationCount: 3 }], 4, 1, 2, 3),
  );
  assert.deepEqual([outputs[0]!.datatype, outputs[0]!.shape], ['BYTES', [1, 3]]);
  assert.deepEqual(
    Uint8Array.from(outputs[0]!.data),
    joinBytes(['4.000000:0:cat', '3.000000:3', '2.000000:2'].map((text) => Buffer.from(text))),
  );
  await version.close();
});

test('classes of a type that has none fail the request as executed and give its slot back', async () => {
  const { version, arena } = await load('identity_bytes');
  const { inputs } = stringsOf(['a']);
  const request = new InferRequest('', inputs, [{ name: 'OUTPUT0', classificationCount: 1 }]);
  const error = await failure(version.infer(request));
  assert.equal(error.executed, true);
  assert.equal(error.message, "class result not available for output due to unsupported type 'BYTES'");
  assert.equal(arena.keptBytes, 1024);
  await version.close();
});

test('a request that does not fit the config reaches no instance', async () => {
  const { version } = await load('classes');
  const error = await failure(version.infer(new InferRequest('', [])));
  assert.deepEqual([error.code, error.executed], ['invalid-argument', false]);
  assert.equal(version.inFlightCount, 0);
  await version.close();
});

test('a request that is cancelled counts as failed while it waits, and as answered once it runs', async () => {
  const { version } = await load('slow');
  const ask = (): InferRequest => new InferRequest('', [tensorOf('ITERATIONS', [1], BigInt64Array.of(50n))]);
  const [runs, waits] = [ask(), ask()];
  const answers = [runs, waits].map((request) => failure(version.infer(request)));
  // Who runs is decided at the end of the turn.
  await settled();
  for (const request of [waits, runs]) request.cancel();
  await Promise.all(answers);
  const { success, executionCount, failures } = version.statistics.snapshot();
  assert.deepEqual([success.count, executionCount, failures.canceled.count], [1, 1, 1]);
  await version.close();
});

test('a closed version has answered what it had and refuses what comes', async () => {
  const { version } = await load('slow');
  const ask = (): InferRequest => new InferRequest('', [tensorOf('ITERATIONS', [1], BigInt64Array.of(50n))]);
  const answers = [version.infer(ask()), version.infer(ask())];
  assert.equal(version.inFlightCount, 2);
  const closing = version.close();
  assert.equal((await failure(version.infer(ask()))).code, 'unavailable');
  await closing;
  assert.equal((await Promise.all(answers)).length, 2);
  assert.equal(version.healthy, false);
  const { success, fail } = version.statistics.snapshot();
  assert.deepEqual([success.count, fail.count], [2, 0]);
});

test('a version whose label file is missing does not load', async () => {
  const error = await failure(load('bad_label', { repository: brokenModels }));
  assert.match(error.message, /^failed to open text file for read .*missing\.txt/);
});

test('a version tells what its batcher does and why nothing is batched, and its log ends with it', async () => {
  const { version, lines } = await load('batching_wanted', { verboseLevel: 1 });
  assert.equal(lines.filter((line) => line.includes("batch delay of 'batching_wanted'")).length, 1);
  assert.deepEqual(version.explainBatching(), ['No request has come yet.']);
  const numbers = Float32Array.of(1, 2, 3, 4);
  for (let run = 0; run < 3; run++) {
    (await version.infer(new InferRequest('', [tensorOf('INPUT0', [1, 4], numbers)]))).release();
  }
  const { mode, waiting, running, requests, batches, batchedRows, closed } = version.batching();
  assert.deepEqual(
    [waiting, running, requests, batches, batchedRows, closed['delay-over']],
    [0, 0, 3, 3, 3, 3],
  );
  assert.equal(version.explainBatching().filter((line) => line.includes('one at a time')).length, 1);
  assert.equal(mode, 'exact');
  // A timer that is left would keep the process of this test from ending.
  await version.close();
});
