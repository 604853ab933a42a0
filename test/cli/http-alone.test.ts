import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { run, serve } from '../support/command.js';
import { ask } from '../support/rest.js';
import { withModels } from '../support/model-links.js';
import { testModels } from '../support/server.js';

const good = `${testModels}/identity_fp32`;

test('without gRPC a server serves HTTP alone, and is asked for its health by it', async () => {
  await withModels([good], async (repository) => {
    const command = serve(`--model-repository=${repository}`, '--allow-grpc=false');
    const port = await command.port('HTTPService');
    await command.said(/Stop it with Ctrl-C/);
    assert.equal((await ask(port, '/v2/models/identity_fp32/ready')).status, 200);
    const address = `127.0.0.1:${port}`;
    const healthy = await run('health', '--http', `--address=${address}`);
    assert.deepEqual([healthy.code, healthy.out], [0, `${address} is serving\n`]);
    assert.equal((await run('health', `--address=${address}`)).code, 1);
    const { code, out, err } = await command.stop();
    assert.deepEqual([code, err], [0, '']);
    assert.doesNotMatch(out, /gRPC|GRPC/);
    assert.match(
      out,
      new RegExp(`Nereid is serving: 1 of 1 model versions ready, HTTP on ${address}, metrics on `),
    );
    const gone = await run('health', '--http', `--address=${address}`);
    assert.equal(gone.code, 1);
    assert.match(gone.out, /is unreachable: .*ECONNREFUSED/);
  });
});

test('a server that is not ready is said not to be, by HTTP too', async () => {
  const command = serve('--model-repository=/nowhere/at/all', '--exit-on-error=false', '--allow-grpc=off');
  const port = await command.port('HTTPService');
  const { code, out } = await run('health', '--http', `--address=127.0.0.1:${port}`);
  assert.deepEqual([code, out], [1, `127.0.0.1:${port} is not-serving\n`]);
  await command.stop();
});

test('health by HTTP has no TLS, and wants an address', async () => {
  const tls = await run('health', '--http', '--tls');
  assert.match(tls.err, /^--tls is for gRPC: HTTP is served without it\n/);
  assert.match((await run('health', '--http', '--address=a:b')).out, /the address is no host:port/);
});

test('a pattern of headers that is none ends the start with what is wrong with it', async () => {
  await withModels([good], async (repository) => {
    const { code, err } = await serve(`--model-repository=${repository}`, '--http-header-forward-pattern=(a')
      .ended;
    assert.equal(code, 1);
    assert.match(
      err,
      /^--http-header-forward-pattern is '\(a', expected a regular expression of RE2: .*missing closing/,
    );
  });
});

test('a server that stops waits for the requests of HTTP that it has, and says for how many', async () => {
  await withModels([good], async (repository) => {
    const command = serve(`--model-repository=${repository}`, '--exit-timeout-secs=2', '--allow-grpc=false');
    const port = await command.port('HTTPService');
    await command.said(/Ctrl-C/);
    const idle = connect(port, '127.0.0.1');
    const half = connect(port, '127.0.0.1');
    for (const socket of [idle, half]) socket.on('error', () => {});
    half.write('POST /v2/repository/index HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{');
    // It is there when another one behind it was answered.
    await ask(port, '/v2/health/live');
    const { code, out } = await command.stop();
    assert.equal(code, 0);
    assert.match(out, /"Timeout 1: Found 1 HTTP service connections"/);
    assert.doesNotMatch(out, /gRPC service connections/);
  });
});

test('a request that fails has a line in the log, unless that is switched off', async () => {
  await withModels([good], async (repository) => {
    for (const wanted of [true, false]) {
      const command = serve(`--model-repository=${repository}`, `--log-failed-requests=${wanted}`);
      const port = await command.port('HTTPService');
      await ask(port, '/v2/models/nobody/config');
      const { out } = await command.stop();
      const line =
        /"HTTP GET \/v2\/models\/nobody\/config failed: 404: Request for unknown model: 'nobody' is not found \(model 'nobody', client 127\.0\.0\.1:\d+, [\d.]+ ms\)"/;
      if (wanted) assert.match(out, line);
      else assert.doesNotMatch(out, /failed: 404/);
    }
  });
});
