import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { brokenModelFiles, writeBrokenRepository } from '../support/broken-repository.js';
import { run, type Ended } from '../support/command.js';
import { fixed, rows } from '../support/completed.js';
import { writeModel } from '../support/onnx-model.js';
import { root, sampleModels, withFolder } from '../support/server.js';

const snapshot = path.join(root, 'test/cli/broken-models.txt');

interface Problem {
  readonly versions: readonly number[];
  readonly message: string;
  readonly remedy: string | null;
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
  readonly field: string | null;
}

interface Told {
  readonly problems: readonly Problem[];
  readonly notes: readonly string[];
}

interface Version {
  readonly version: number;
  readonly state: string;
  readonly inputs: readonly { name: string; datatype: string; shape: number[] }[] | null;
  readonly outputs: readonly object[] | null;
  readonly max_batch_size: number | null;
  readonly batching: string | null;
  readonly instances: readonly object[] | null;
}

interface Document {
  readonly ok: boolean;
  readonly repositories: readonly (Told & { readonly place: string })[];
  readonly models: readonly (Told & {
    readonly name: string;
    readonly repository: string;
    readonly ok: boolean;
    readonly versions: readonly Version[];
  })[];
}

async function checkJson(...args: string[]): Promise<{ code: number | null; document: Document }> {
  const { code, out } = await run('check', '--json', ...args);
  return { code, document: JSON.parse(out) as Document };
}

let text: Ended;
let json: { code: number | null; document: Document };

before(async () => {
  await withFolder(async (folder) => {
    const repository = path.join(folder, 'models');
    await writeBrokenRepository(repository);
    text = await run('check', repository);
    json = await checkJson(repository);
    text = { ...text, out: text.out.replaceAll(folder, 'R') };
    json = { ...json, document: JSON.parse(JSON.stringify(json.document).replaceAll(folder, 'R')) };
  });
});

after(async () => {
  if (process.env['NEREID_UPDATE_SNAPSHOTS'] === '1') await writeFile(snapshot, text.out);
});

test('of each broken model it says what a person needs to mend it', async () => {
  assert.equal(text.err, '');
  assert.equal(text.code, 1);
  // NEREID_UPDATE_SNAPSHOTS=1 writes it anew; every line of it is to be read then.
  if (process.env['NEREID_UPDATE_SNAPSHOTS'] === '1') return;
  assert.equal(text.out, await readFile(snapshot, 'utf8'));
});

test('every broken model has a problem, with a remedy or a text that could not be read', () => {
  assert.ok(Object.keys(brokenModelFiles).length >= 40);
  for (const name of Object.keys(brokenModelFiles)) {
    const model = json.document.models.find((one) => one.name === name);
    assert.ok(model !== undefined && !model.ok, name);
    assert.notDeepEqual(model.problems, [], name);
    for (const { remedy, message } of model.problems) {
      assert.ok(remedy !== null || /failed to read text proto .*\(.+\)$/.test(message), message);
    }
  }
});

test('JSON holds the same as the text', () => {
  assert.equal(json.code, 1);
  const { ok, repositories, models } = json.document;
  assert.equal(ok, false);
  for (const { problems, notes } of [...repositories, ...models]) {
    for (const { message, remedy, file, line, column, field } of problems) {
      assert.ok(text.out.includes(message), message);
      if (remedy !== null) assert.ok(text.out.includes(`To mend it: ${remedy}\n`), remedy);
      if (line !== null) assert.ok(text.out.includes(`${file}:${line}:${column}`), message);
      if (field !== null) assert.ok(text.out.includes(`in ${field}\n`), field);
    }
    for (const note of notes) assert.ok(text.out.includes(`note: ${note}\n`), note);
  }
  const count = (pattern: RegExp): number => [...text.out.matchAll(pattern)].length;
  assert.equal(
    count(/^ {2}wrong: /gm),
    [...repositories, ...models].reduce((sum, { problems }) => sum + problems.length, 0),
  );
});

test('the sample models are clean', async () => {
  const { code, out, err } = await run('check', sampleModels);
  assert.deepEqual([code, err], [0, '']);
  assert.match(out, /^model +versions +inputs +outputs +batching +instances +state\n/);
  assert.match(out, /^mlp +1 +x FP32 \[-1,128\] +y FP32 \[-1,10\] +dynamic, up to 64 +1 on CPU +ok$/m);
  assert.match(out, /^5 models: nothing wrong$/m);
  const { code: jsonCode, document } = await checkJson(sampleModels);
  assert.deepEqual([jsonCode, document.ok], [0, true]);
  assert.deepEqual(
    document.models.find(({ name }) => name === 'mlp'),
    {
      name: 'mlp',
      repository: sampleModels,
      ok: true,
      versions: [
        {
          version: 1,
          state: 'ok',
          inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 128] }],
          outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 10] }],
          max_batch_size: 64,
          batching: 'dynamic',
          instances: [{ kind: 'cpu', count: 1, gpus: [] }],
        },
      ],
      problems: [],
      notes: [],
    },
  );
});

test('what is accepted without effect is said, and is no problem', async () => {
  await withFolder(async (folder) => {
    await writeModel(path.join(folder, 'm'), {
      'config.pbtxt':
        'max_batch_size: 4 response_cache { enable: true } parameters { key: "foo" value { string_value: "1" } }',
      '1/model.onnx': rows,
      'assets/vocabulary.txt': 'a b c',
    });
    const { code, document } = await checkJson(folder);
    assert.equal(code, 0);
    assert.deepEqual(document.models[0]?.notes, [
      "no versions, and passed over: 'assets'",
      "parameter 'foo' is not known to this server and is not used",
      'accepted and without effect here: response_cache',
    ]);
  });
});

test('versions that differ have a row each, and those alike share one', async () => {
  await withFolder(async (folder) => {
    await writeModel(path.join(folder, 'm'), {
      'config.pbtxt': 'version_policy { all { } }',
      '1/model.onnx': fixed,
      '2/model.onnx': rows,
      '10/model.onnx': rows,
    });
    const { code, out } = await run('check', folder);
    assert.equal(code, 0);
    assert.match(
      out,
      /^m +1 +x FP32 \[1,2\] +y FP32 \[1,2\] +none +2 on CPU +ok\n +2, 10 +x FP32 \[-1,2\] /m,
    );
  });
});

test('names in several repositories are wrong, unless they may be there', async () => {
  await withFolder(async (folder) => {
    const [a, b] = [path.join(folder, 'a'), path.join(folder, 'b')];
    for (const place of [a, b]) await writeModel(path.join(place, 'm'), { '1/model.onnx': rows });
    const { code, document } = await checkJson(a, pathToFileURL(b).href);
    assert.equal(code, 1);
    for (const { problems } of document.models) {
      assert.equal(problems[0]?.message, `model appears in two or more repositories: '${a}/m', '${b}/m'`);
    }
    assert.equal((await checkJson(a, b, '--model-namespacing=true')).code, 0);
  });
});

test('what is wrong with a repository itself is told, and the others are checked', async () => {
  await withFolder(async (folder) => {
    const good = path.join(folder, 'good');
    await writeModel(path.join(good, 'm'), { '1/model.onnx': rows });
    await mkdir(path.join(folder, 'empty'));
    const places = [good, path.join(folder, 'empty'), path.join(folder, 'missing'), path.join(good, 'm')];
    const { code, document } = await checkJson(...places);
    assert.equal(code, 1);
    assert.deepEqual(
      document.models.map(({ name, ok }) => ({ name, ok })),
      [{ name: 'm', ok: true }],
    );
    assert.deepEqual(
      document.repositories.map(({ problems }) =>
        problems.map(({ message, remedy }) => `${message} | ${remedy}`.replaceAll(folder, 'R')),
      ),
      [
        [],
        [
          "no model lies in 'R/empty' | put a folder for each model there, as in 'empty/my_model/1/model.onnx'",
        ],
        [
          "repository path is not a valid directory: 'R/missing' | name a folder or URL that holds one folder for each model",
        ],
        ["'R/good/m' is the folder of one model, not a repository | name the folder that holds it: 'R/good'"],
      ],
    );
  });
});

test('flags that change what a model is mean what they mean to the server', async () => {
  await withFolder(async (folder) => {
    await writeModel(path.join(folder, 'm'), {
      '1/model.onnx': rows,
      'configs/other.pbtxt': 'max_batch_size: 7',
    });
    const sizes = async (...flags: string[]): Promise<unknown> => {
      const { document } = await checkJson(folder, ...flags);
      return document.models[0]?.versions[0]?.max_batch_size;
    };
    assert.equal(await sizes('--backend-config=default-max-batch-size=9'), 9);
    assert.equal(await sizes('--model-config-name', 'other'), 7);
    const { code, document } = await checkJson(folder, '--disable-auto-complete-config');
    assert.equal(code, 1);
    assert.match(
      document.models[0]?.problems[0]?.message ?? '',
      /^failed to open text file for read .*config\.pbtxt/,
    );
  });
});

const mistakes: readonly (readonly [args: readonly string[], message: string])[] = [
  [['check'], 'a repository must be named, e.g. nereid check model_repository'],
  [['check', '--jsno', 'x'], 'Bad option: "--jsno". Did you mean "--json"?'],
  [['check', 'x', '--grpc-port=1'], 'Bad option: "--grpc-port".'],
  [['check', 'x', '--model-load-thread-count=0'], "--model-load-thread-count is '0', expected at least 1"],
];

for (const [args, message] of mistakes) {
  test(`nereid ${args.join(' ')} is told what is wrong and ends with 2`, async () => {
    const err = `${message}\n\nnereid check --help lists all flags\n`;
    assert.deepEqual(await run(...args), { code: 2, signal: null, out: '', err });
  });
}

test('its help says what the exit codes mean and fits a terminal', async () => {
  const { code, out } = await run('check', '--help');
  assert.equal(code, 0);
  assert.match(out, /^Usage: nereid check <repository>\.\.\. \[flags\]/);
  assert.match(out, /exit code is 0\s+when nothing is wrong, 1 when something is, 2 for/);
  for (const line of out.split('\n')) assert.ok(line.length <= 80, line);
});
