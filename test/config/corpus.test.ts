import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ModelConfigSchema } from '../../src/generated/model_config_pb.js';
import { parseModelConfigJson } from '../../src/config/json-parse.js';
import { modelConfigToJson } from '../../src/config/json.js';
import { parseModelConfig } from '../../src/config/parse.js';
import { printModelConfigText } from '../../src/config/print.js';

const folder = fileURLToPath(new URL('../../../test/config/corpus', import.meta.url));
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.pbtxt'))
  .map((name) => path.basename(name, '.pbtxt'));

/** What a config says as JSON; a config that says nothing is an empty text, which is no JSON. */
function toJson(text: string): unknown {
  return JSON.parse(modelConfigToJson(parseModelConfig(text, 'p')) || 'null');
}

for (const name of names) {
  test(`the config '${name}' of the corpus says what its JSON says, printed in either form too`, () => {
    const text = readFileSync(path.join(folder, `${name}.pbtxt`), 'utf8');
    const snapshot = path.join(folder, `${name}.json`);
    // A new one is written, to be read by a person before it is committed.
    if (!existsSync(snapshot)) writeFileSync(snapshot, `${JSON.stringify(toJson(text), undefined, 2)}\n`);
    const expected: unknown = JSON.parse(readFileSync(snapshot, 'utf8'));
    assert.equal(JSON.stringify(toJson(text)), JSON.stringify(expected));
    const config = parseModelConfig(text, 'p');
    assert.deepStrictEqual(parseModelConfig(printModelConfigText(config), 'p'), config);
    if (expected !== null) assert.deepStrictEqual(parseModelConfigJson(modelConfigToJson(config)), config);
  });
}

test('the corpus has at least 60 configs, and every field of every message stands in one of them', () => {
  assert.ok(names.length >= 60);
  const all = names.map((name) => readFileSync(path.join(folder, `${name}.pbtxt`), 'utf8')).join('\n');
  const missing = new Set<string>();
  const pending = [...ModelConfigSchema.file.messages];
  for (let message = pending.pop(); message !== undefined; message = pending.pop()) {
    pending.push(...message.nestedMessages);
    for (const { name } of message.fields) {
      if (!new RegExp(`\\b${name}\\b`).test(all)) missing.add(`${message.name}.${name}`);
    }
  }
  assert.deepEqual([...missing], []);
});
