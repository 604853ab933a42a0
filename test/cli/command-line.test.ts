import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '../support/command.js';
import { packageVersion } from '../../src/cli/version.js';

const hint = '\n\nnereid serve --help lists all flags\n';

test('help is no failure, has its groups in order and fits a terminal', async () => {
  const { code, out, err } = await run('serve', '--help');
  assert.equal(code, 0);
  assert.equal(err, '');
  const headings = out.split('\n').filter((line) => /^\S.*:$/.test(line));
  assert.deepEqual(headings, [
    'Model repository:',
    'gRPC:',
    'Limits of --grpc-transport=http2 (no flags of Triton):',
    'HTTP:',
    'Limits of HTTP (no flags of Triton):',
    'Metrics:',
    'Shared memory:',
    'Server:',
    'Logging:',
    'Traces:',
    'Cache, scheduling, memory, devices:',
    'Backends and clouds:',
    'Accepted, without effect here (the log says why):',
    'Not supported yet (refused unless they ask for nothing, as --rate-limit=off):',
  ]);
  for (const line of out.split('\n')) assert.ok(line.length <= 80, line);
  const [described = '', beside = ''] = out.split('Accepted, without effect');
  assert.match(described, / {2}--grpc-port <integer> +Port to listen on/);
  assert.doesNotMatch(described, /--sagemaker-port/);
  assert.match(beside, /--sagemaker-port/);
});

test('the program itself names its command and its version', async () => {
  const help = await run('--help');
  assert.equal(help.code, 0);
  assert.match(help.out, /serve \[options\] +Serve the models of a repository/);
  const version = await run('--version');
  assert.deepEqual([version.code, version.out], [0, `${packageVersion()}\n`]);
});

const mistakes: readonly (readonly [args: readonly string[], message: string])[] = [
  [['serve', '--modle-repository=x'], 'Bad option: "--modle-repository". Did you mean "--model-repository"?'],
  [['--grpcport', '1'], 'Bad option: "--grpcport". Did you mean "--grpc-port"?'],
  [['serve', '--qwertz'], 'Bad option: "--qwertz".'],
  [['serve', '-p', '1'], 'Bad option: "-p".'],
  [['serve', '--model-repository', 'folder', 'stray'], 'Unexpected argument: stray'],
  [['server', '--model-repository=folder'], 'Unexpected argument: server'],
  [['serve', '--model-repository=x', '--grpc-port=abc'], `--grpc-port is 'abc', expected a whole number`],
  [
    ['serve', '--model-repository=x', '--exit-on-error', 'si'],
    `--exit-on-error is 'si', expected true or false`,
  ],
  [
    ['serve', '--model-repository=x', '--batch-delay=never'],
    `--batch-delay is 'never', expected one of: adaptive, exact`,
  ],
  [['serve', '--model-repository=x', '--id'], `error: option '--id <text>' argument missing`],
  [
    ['serve'],
    '--model-repository must be specified: the folder that holds your models, e.g. --model-repository=model_repository',
  ],
  [
    ['serve', '--model-repository=x', '--grpc-use-ssl=1'],
    '--grpc-server-cert must be given: TLS is on and needs a server certificate',
  ],
  [
    [
      'serve',
      '--model-repository=x',
      '--grpc-use-ssl=1',
      '--grpc-server-cert=no.pem',
      '--grpc-server-key=no.key',
    ],
    `--grpc-server-cert is 'no.pem', expected a PEM file that can be read: no such file or directory`,
  ],
];

for (const [args, message] of mistakes) {
  test(`nereid ${args.join(' ')} is told what is wrong and ends with 1`, async () => {
    assert.deepEqual(await run(...args), { code: 1, signal: null, out: '', err: `${message}${hint}` });
  });
}
