import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, test } from 'node:test';
import {
  expectOk,
  inferenceMethod,
  TestClient,
  type AnyMessage,
  type Outcome,
} from '../../support/client.js';
import { startServer, testModels, type TestServer } from '../../support/server.js';

let server: TestServer;
let client: TestClient;
beforeEach(async () => {
  server = await startServer({ repository: testModels });
  client = new TestClient(server.port);
});
afterEach(async () => {
  client.close();
  await server.close();
});

const text = (value: string) => ({ string_param: value, parameter_choice: 'string_param' });
const flag = (value: boolean) => ({ bool_param: value, parameter_choice: 'bool_param' });
const level = (value: number) => ({ uint32_param: value, parameter_choice: 'uint32_param' });

const initial = {
  log_file: text(''),
  log_info: flag(true),
  log_warning: flag(true),
  log_error: flag(true),
  log_verbose_level: level(0),
  log_format: text('default'),
};

function change(settings: AnyMessage = {}): Promise<Outcome> {
  return client.call(inferenceMethod('LogSettings'), { settings });
}

test('all six settings are told, each in its kind', async () => {
  assert.deepEqual(expectOk(await change()).settings, initial);
  assert.deepEqual(expectOk(await change({ other: text('x') })).settings, initial);
});

test('what is changed holds from the next line on', async () => {
  const changed = {
    log_info: flag(false),
    log_warning: flag(false),
    log_error: flag(false),
    log_verbose_level: level(2),
    log_format: text('ISO8601'),
  };
  assert.deepEqual(expectOk(await change(changed)).settings, { ...initial, ...changed });
  const before = server.lines.length;
  for (const kind of ['info', 'warning', 'error'] as const) server.log[kind]('not written');
  server.log.verbose(2, 'written');
  assert.equal(server.lines.length, before + 1);
  assert.equal(expectOk(await change({ log_format: text('json') })).settings.log_format.string_param, 'json');
});

const refused: readonly [settings: AnyMessage, code: number, message: string][] = [
  [
    { log_file: text('a.log') },
    status.UNIMPLEMENTED,
    'log file location can not be updated through network protocol',
  ],
  [
    { log_file: flag(true) },
    status.UNIMPLEMENTED,
    'log file location can not be updated through network protocol',
  ],
  ...['log_info', 'log_warning', 'log_error'].flatMap((name) =>
    [text('true'), level(1), {}].map((value): [AnyMessage, number, string] => [
      { [name]: value },
      status.INVALID_ARGUMENT,
      `expect boolean for '${name}'`,
    ]),
  ),
  [{ log_verbose_level: flag(true) }, status.INVALID_ARGUMENT, "expect int32 for 'log_verbose_level'"],
  [{ log_verbose_level: text('1') }, status.INVALID_ARGUMENT, "expect int32 for 'log_verbose_level'"],
  [{ log_format: level(1) }, status.INVALID_ARGUMENT, "expect string for 'log_format'"],
  [{ log_format: text('xml') }, status.INVALID_ARGUMENT, 'invalid argument for log_format, got: xml'],
];

test('what is no setting is refused in the words of Triton', async () => {
  for (const [settings, code, details] of refused) {
    assert.deepEqual(await change(settings), { kind: 'failed', code, details }, JSON.stringify(settings));
  }
  assert.deepEqual(expectOk(await change()).settings, initial);
});

test('a setting that comes before one that is wrong stays changed', async () => {
  await change({ log_format: text('xml'), log_verbose_level: level(1), log_info: flag(false) });
  assert.deepEqual(expectOk(await change()).settings, {
    ...initial,
    log_info: flag(false),
    log_verbose_level: level(1),
  });
});
