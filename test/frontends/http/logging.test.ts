import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { ask, failure, type Told } from '../../support/rest.js';
import { startServer, testModels, type TestServer } from '../../support/server.js';

let server: TestServer;
beforeEach(async () => {
  server = await startServer({ repository: testModels });
});
afterEach(() => server.close());

const initial = {
  log_file: '',
  log_info: true,
  log_warning: true,
  log_error: true,
  log_verbose_level: 0,
  log_format: 'default',
};

function settings(changed: object = {}): Told {
  return { status: 200, type: 'application/json', body: JSON.stringify({ ...initial, ...changed }) };
}

function change(body: string): Promise<Told> {
  return ask(server.httpPort, '/v2/logging', { body });
}

test('all settings are told', async () => {
  assert.deepEqual(await ask(server.httpPort, '/v2/logging'), settings());
  assert.deepEqual(await change('{}'), settings());
});

test('what is changed holds from the next line on, and what is null or unknown changes nothing', async () => {
  const all = { log_info: false, log_warning: false, log_error: false, log_verbose_level: 3 };
  assert.deepEqual(await change(JSON.stringify({ ...all, log_format: 'ISO8601' })), {
    ...settings({ ...all, log_format: 'ISO8601' }),
  });
  const nulls = Object.fromEntries(Object.keys(initial).map((name) => [name, null]));
  assert.deepEqual(
    await change(JSON.stringify({ ...nulls, other: 1 })),
    settings({ ...all, log_format: 'ISO8601' }),
  );
  const before = server.lines.length;
  for (const level of ['info', 'warning', 'error'] as const) server.log[level]('not written');
  server.log.verbose(3, 'written');
  server.log.verbose(4, 'not written');
  assert.deepEqual(server.lines.length, before + 1);
  assert.match(server.lines.at(-1) ?? '', /^\d{4}-\d\d-\d\dT.*"written"$/);
  assert.deepEqual(await change('{"log_format": "json", "log_verbose_level": 4294967295}'), {
    ...settings({ ...all, log_format: 'json', log_verbose_level: 2147483647 }),
  });
});

test('a setting that comes before one that is wrong stays changed, one behind it does not', async () => {
  const { status } = await change('{"log_verbose_level": 2, "log_format": "xml", "log_info": false}');
  assert.equal(status, 503);
  assert.deepEqual(
    await ask(server.httpPort, '/v2/logging'),
    settings({ log_info: false, log_verbose_level: 2 }),
  );
  await change('{"log_info": true, "log_warning": 1, "log_error": false}');
  assert.deepEqual(await ask(server.httpPort, '/v2/logging'), settings({ log_verbose_level: 2 }));
});

const noBoolean = 'attempt to access JSON non-boolean as boolean';
const noUint = 'attempt to access JSON non-unsigned-integer as unsigned-integer';
const refused: readonly [body: string, status: number, message: string][] = [
  ['', 500, 'failed to parse the request JSON buffer: The document is empty. at 0'],
  ['{"log_file": "a.log"}', 501, 'log file location can not be updated through network protocol'],
  ['{"log_info": 1}', 500, noBoolean],
  ['{"log_warning": "true"}', 500, noBoolean],
  ['{"log_error": []}', 500, noBoolean],
  ['{"log_verbose_level": -1}', 500, noUint],
  ['{"log_verbose_level": 1.5}', 500, noUint],
  ['{"log_verbose_level": true}', 500, noUint],
  ['{"log_format": 1}', 500, 'attempt to access JSON non-string as string'],
  ['{"log_format": "xml"}', 503, 'invalid argument for --log_format, got: xml'],
];

test('what is no setting is refused in the words of Triton', async () => {
  for (const [body, status, message] of refused) {
    assert.deepEqual(await change(body), failure(status, message), body);
  }
  assert.deepEqual(await ask(server.httpPort, '/v2/logging'), settings());
  assert.deepEqual(
    await ask(server.httpPort, '/v2/logging', { method: 'DELETE' }),
    failure(405, 'Method Not Allowed'),
  );
});
