import assert from 'node:assert/strict';
import { symlink } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { readBackendConfig, type BackendConfig } from '../../src/cli/backend-config.js';
import { UsageError } from '../../src/cli/usage-error.js';
import { run, serve } from '../support/command.js';
import { testModels, withFolder } from '../support/server.js';

const read = (...values: string[]): BackendConfig => readBackendConfig(values);

const taken: readonly (readonly [given: string[], threads: BackendConfig['threads']])[] = [
  [[], {}],
  [['onnxruntime,intra_op_thread_count=3'], { intraOpThreads: 3 }],
  [['onnxruntime,inter_op_thread_count=2'], { interOpThreads: 2 }],
  [['intra_op_thread_count=3'], { intraOpThreads: 3 }],
  [['onnxruntime,intra_op_thread_count=3', 'intra_op_thread_count=4'], { intraOpThreads: 3 }],
  [['onnxruntime,intra_op_thread_count=3', 'onnxruntime,intra_op_thread_count=4'], { intraOpThreads: 4 }],
  [['onnxruntime,intra_op_thread_count=0'], {}],
  [['onnxruntime,enable-global-threadpool=0'], {}],
];

for (const [given, threads] of taken) {
  test(`[${given.join(' ')}] sets ${JSON.stringify(threads)} and needs no words`, () => {
    assert.deepEqual(read(...given), { threads, defaultMaxBatchSize: undefined, notes: [] });
  });
}

test('a global thread pool becomes a number of threads that all share, and the log says so', () => {
  const { threads, notes } = read(
    'onnxruntime,enable-global-threadpool=1',
    'onnxruntime,intra_op_thread_count=6',
  );
  assert.deepEqual(threads, { sharedThreads: 6 });
  assert.equal(notes.length, 1);
  assert.match(
    notes[0] ?? '',
    /no thread pool that sessions share; instead the instances .+ share 6 threads/,
  );
  assert.match(read('onnxruntime,enable-global-threadpool=1').notes[0] ?? '', /share the cores evenly$/);
});

const idle: readonly (readonly [given: string, why: RegExp])[] = [
  ['python,shm-default-byte-size=1048576', /this server has no backend 'python'$/],
  ['onnxruntime,intra_op_thread_cuont=4', /did you mean 'intra_op_thread_count'\?$/],
  ['onnxruntime,something=4', /does not know the setting 'something'$/],
];

for (const [given, why] of idle) {
  test(`${given} is accepted with one line that says why it does nothing`, () => {
    const { threads, notes } = read(given);
    assert.deepEqual(threads, {});
    assert.equal(notes.length, 1);
    assert.ok(notes[0]?.startsWith(`--backend-config=${given} is accepted and has no effect: `));
    assert.match(notes[0] ?? '', why);
  });
}

const sizes: readonly (readonly [given: string[], size: number | undefined])[] = [
  [['default-max-batch-size=5'], 5],
  [['onnxruntime,default-max-batch-size=7'], 7],
  [['onnxruntime,default-max-batch-size=7', 'default-max-batch-size=5'], 7],
  [['default-max-batch-size=5', 'onnxruntime,default-max-batch-size=7'], 7],
  [['default-max-batch-size=5', 'default-max-batch-size=6'], 6],
  [['onnxruntime,default-max-batch-size=7', 'onnxruntime,default-max-batch-size=8'], 8],
  [['tensorflow,default-max-batch-size=9'], undefined],
  [['default-max-batch-size=0'], 0],
  [['default-max-batch-size=1'], 1],
  [['default-max-batch-size=-3'], 0],
  [['onnxruntime,default-max-batch-size=-1', 'default-max-batch-size=5'], 0],
];

for (const [given, size] of sizes) {
  test(`[${given.join(' ')}] makes ${size} of a batch size that no config names (models.md 3.1)`, () => {
    assert.equal(read(...given).defaultMaxBatchSize, size);
  });
}

for (const value of ['four', '4.5', '4x', '99999999999', '-']) {
  test(`a default batch size of '${value}' is refused with the flag that gave it`, () => {
    const flag = `default-max-batch-size=${value}`;
    assert.throws(
      () => read(flag, 'onnxruntime,default-max-batch-size=4'),
      (error) =>
        error instanceof UsageError &&
        error.message === `--backend-config=${flag}: '${value}' is not a whole number up to 2147483647`,
    );
  });
}

const misshapen = [
  '',
  'x',
  'onnxruntime',
  'onnxruntime,x',
  ',x=1',
  'onnxruntime,=1',
  '=1',
  'onnxruntime,x=',
  ',default-max-batch-size=3',
  'default-max-batch-size=',
  'default-max-batch-size',
];

for (const given of misshapen) {
  test(`a backend setting of the form '${given}' is refused with the right form`, () => {
    assert.throws(
      () => read(given),
      (error) =>
        error instanceof UsageError &&
        error.message.startsWith(
          '--backend-config option format is <backend>,<setting>=<value> or <setting>=<value>, ',
        ) &&
        error.message.endsWith(`Got '${given}'`),
    );
  });
}

test('values that are no numbers or booleans are refused with the flag that gave them', () => {
  assert.throws(
    () => read('onnxruntime,intra_op_thread_count=two'),
    /intra_op_thread_count=two: 'two' is not/,
  );
  assert.throws(() => read('onnxruntime,intra_op_thread_count=-1'), /'-1' is not a number of threads/);
  assert.throws(
    () => read('inter_op_thread_count=99999'),
    /'99999' is not a number of threads from 0 to 1024/,
  );
  assert.throws(() => read('enable-global-threadpool=maybe'), /'maybe' is not true or false/);
});

test('a server whose backend setting cannot be read ends at once with the usage', async () => {
  const { code, err } = await run('serve', '--model-repository=models', '--backend-config=onnxruntime');
  assert.equal(code, 1);
  assert.match(
    err,
    /^--backend-config option format is .+ Got 'onnxruntime'\n\nnereid serve --help lists all flags\n$/,
  );
});

test('a thread count for all sessions is in the table of threads', async () => {
  await withFolder(async (repository) => {
    await symlink(path.join(testModels, 'identity_fp32'), path.join(repository, 'identity_fp32'));
    const command = serve(
      `--model-repository=${repository}`,
      '--backend-config=onnxruntime,intra_op_thread_count=7',
    );
    await command.port();
    const { out, code } = await command.stop();
    assert.equal(code, 0);
    assert.match(out, /"identity_fp32 +1 +\d+ +7 +\d+"/);
  });
});
