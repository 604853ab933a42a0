import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { parseModelConfig } from '../../src/config/parse.js';
import { checkChecksums } from '../../src/models/checksums.js';
import { failure } from '../support/scheduler.js';
import { startServer, testModels, withFolder } from '../support/server.js';

// models.md 2.8: the agent `checksum`.

const agent = (entries: Readonly<Record<string, string>>): string => {
  const parameters = Object.entries(entries).map(
    ([key, md5]) => `parameters { key: "${key}" value: "${md5}" }`,
  );
  return `model_repository_agents { agents { name: "checksum" ${parameters.join(' ')} } }`;
};
const check = (entries: Readonly<Record<string, string>>, folder: string): Promise<void> =>
  checkChecksums(parseModelConfig(agent(entries), 'config.pbtxt'), folder);

/** Of RFC 1321. */
const abc = '900150983cd24fb0d6963f7d28e17f72';

test('files that have their digests pass, whatever their size', async () => {
  await withFolder(async (folder) => {
    await mkdir(path.join(folder, '1'));
    await writeFile(path.join(folder, '1/a'), 'abc');
    const large = Buffer.alloc(1_000_003, 'x');
    await writeFile(path.join(folder, 'b'), large);
    const md5 = createHash('md5').update(large).digest('hex');
    await check({ 'MD5:1/a': abc, 'md5:b': md5 }, folder);
    await check({}, folder);
  });
});

test('a file with another digest, and one that is not there, are refused', async () => {
  await withFolder(async (folder) => {
    await writeFile(path.join(folder, 'a'), 'abd');
    for (const [file, message] of [
      ['a', `Mismatched MD5 hash for file a, expect: ${abc}, got: 4911e516e5aa21d327512e0c8b197616`],
      ['b', 'failed to open text file for read b: no such file or directory'],
    ]) {
      const error = await failure(check({ [`MD5:${file}`]: abc }, folder));
      assert.deepEqual([error.code, error.message], ['invalid-argument', message]);
    }
  });
});

test('a model whose file was changed does not serve, and one whose was not does', async () => {
  await withFolder(async (repository) => {
    const original = path.join(testModels, 'add_sub');
    const md5 = createHash('md5')
      .update(await readFile(path.join(original, '1/model.onnx')))
      .digest('hex');
    const digests = { right: md5, wrong: abc };
    for (const [name, digest] of Object.entries(digests)) {
      const folder = path.join(repository, name);
      await cp(original, folder, { recursive: true });
      const config = (await readFile(path.join(original, 'config.pbtxt'), 'utf8')).replace(/^name:.*$/m, '');
      await writeFile(path.join(folder, 'config.pbtxt'), config + agent({ 'MD5:1/model.onnx': digest }));
    }
    const server = await startServer({ repository });
    assert.deepEqual(
      (await server.server.index('', false)).map(({ name, reason }) => [name, reason]),
      [
        ['right', ''],
        ['wrong', `Invalid argument: Mismatched MD5 hash for file 1/model.onnx, expect: ${abc}, got: ${md5}`],
      ],
    );
    await server.close();
  });
});
