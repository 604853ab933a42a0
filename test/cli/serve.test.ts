import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { expectOk, inferenceMethod, TestClient } from '../support/client.js';
import { run, serve } from '../support/command.js';
import { withModels } from '../support/model-links.js';
import { brokenModels, testModels } from '../support/server.js';

const good = path.join(testModels, 'identity_fp32');
const slow = path.join(testModels, 'slow');
const broken = path.join(brokenModels, 'missing_file');

const live = inferenceMethod('ServerLive');
const ready = inferenceMethod('ServerReady');

async function health(port: number): Promise<{ live: boolean; ready: boolean }> {
  const client = new TestClient(port);
  try {
    const [isLive, isReady] = [await client.call(live, {}), await client.call(ready, {})];
    return { live: expectOk(isLive).live, ready: expectOk(isReady).ready };
  } finally {
    client.close();
  }
}

function iterations(count: number): object {
  return {
    model_name: 'slow',
    inputs: [{ name: 'ITERATIONS', datatype: 'INT64', shape: [1] }],
    raw_input_contents: [Buffer.from(new BigInt64Array([BigInt(count)]).buffer)],
  };
}

test('a server says what it serves and where, and ends with 0 when told to stop', async () => {
  await withModels([good], async (repository) => {
    const command = serve(`--model-repository=${repository}`, '--strict-readiness=True');
    const port = await command.port();
    const httpPort = await command.port('HTTPService');
    const metricsPort = await command.port('Metrics Service');
    await command.said(/Stop it with Ctrl-C/);
    assert.deepEqual(await health(port), { live: true, ready: true });
    assert.equal((await fetch(`http://127.0.0.1:${httpPort}/v2/health/ready`)).status, 200);
    const { code, out, err } = await command.stop();
    assert.equal(code, 0);
    assert.equal(err, '');
    for (const said of [
      /^I\d{4} [\d:.]+ \d+ version-loader\.js:\d+\] "loading: identity_fp32:1"$/m,
      /"successfully loaded 'identity_fp32' version 1"/,
      new RegExp(`"Started HTTPService at 127\\.0\\.0\\.1:${httpPort}"`),
      new RegExp(`"Started GRPCInferenceService at 127\\.0\\.0\\.1:${port}"`),
      /^identity_fp32 +1 +READY$/m,
      new RegExp(
        `^Nereid is serving: 1 of 1 model versions ready, gRPC on 127\\.0\\.0\\.1:${port}, HTTP on 127\\.0\\.0\\.1:${httpPort}, metrics on 127\\.0\\.0\\.1:${metricsPort}/metrics\\.$`,
        'm',
      ),
      /^Signal \(15\) received\.$/m,
      /"Waiting for in-flight requests to complete\."/,
      /"successfully unloaded 'identity_fp32' version 1"/,
    ]) {
      assert.match(out, said);
    }
  });
});

test('a broken model ends the start with 1 and with what to do', async () => {
  await withModels([good, broken], async (repository) => {
    const { code, err, out } = await serve('--model-repository', repository).ended;
    assert.equal(code, 1);
    assert.match(err, /"failed to load 'missing_file' version 1: Internal: failed to stat file .*To mend it/);
    assert.ok(
      err.endsWith(
        'error: creating server: Internal - failed to load all models\n' +
          'The lines above say what is wrong. With --exit-on-error=false the other models serve.\n',
      ),
    );
    assert.doesNotMatch(out, /Started GRPC/);
  });
});

test('a broken model leaves the others serving when errors shall not end the server', async () => {
  await withModels([good, broken], async (repository) => {
    const command = serve('--model-store', repository, '--exit-on-error', 'Off');
    const port = await command.port();
    await command.said(/Ctrl-C/);
    assert.deepEqual(await health(port), { live: true, ready: false });
    const { code, out } = await command.stop();
    assert.equal(code, 0);
    assert.match(out, /^missing_file +1 +UNAVAILABLE: Internal: failed to stat file/m);
    assert.match(out, /1 of 2 model versions ready/);
  });
});

test('a repository that is no folder ends the start with 1 and with what to give', async () => {
  const { code, err } = await serve('--model-repository=/nowhere/at/all').ended;
  assert.equal(code, 1);
  assert.ok(
    err.endsWith(
      "error: creating server: Internal - repository path is not a valid directory: '/nowhere/at/all'\n" +
        'Give --model-repository a folder that holds one folder for each model.\n',
    ),
    err,
  );
});

test('a repository that is no folder leaves a server that is not live when errors shall not end it', async () => {
  const command = serve('--model-repository=/nowhere/at/all', '--exit-on-error=false');
  const port = await command.port();
  await command.said(/Ctrl-C/);
  assert.deepEqual(await health(port), { live: false, ready: false });
  const client = new TestClient(port);
  const outcome = await client.infer({ model_name: 'any' });
  client.close();
  assert.deepEqual(outcome, { kind: 'failed', code: 14, details: 'Server not ready' });
  const { code, out } = await command.stop();
  assert.equal(code, 0);
  assert.match(out, /Nereid is serving: no models, gRPC on/);
});

test('a taken port ends the start with 1 and says how to take another', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as AddressInfo;
  await withModels([good], async (repository) => {
    const ended = await serve(`--model-repository=${repository}`, `--grpc-port=${port}`).ended;
    assert.equal(ended.code, 1);
    assert.match(
      ended.err,
      new RegExp(
        `"failed to start GRPC service: Unavailable - Socket '127\\.0\\.0\\.1:${port}' already in use "`,
      ),
    );
    assert.match(ended.err, /choose another one with --grpc-port/);
  });
  await new Promise((resolve) => taken.close(resolve));
});

/** Makes a certificate and its key; false where that cannot be done. */
function makeCertificate(cert: string, key: string): boolean {
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const subject = ['-subj', '/CN=localhost', '-days', '2', '-keyout', key, '-out', cert];
  try {
    execFileSync('openssl', [...request, ...subject], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test('files that TLS cannot use end the start with 1, before any model is loaded, each by its flag', async (t) => {
  await withModels([good], async (repository) => {
    const file = (name: string): string => path.join(repository, '..', name);
    await writeFile(file('text'), 'no certificate');
    if (!makeCertificate(file('cert'), file('key')) || !makeCertificate(file('cert2'), file('key2'))) {
      t.skip('openssl is not here');
      return;
    }
    const start = (cert: string, key: string, ca = 'cert'): ReturnType<typeof run> =>
      serve(
        `--model-repository=${repository}`,
        '--grpc-use-ssl-mutual=true',
        `--grpc-server-cert=${file(cert)}`,
        `--grpc-server-key=${file(key)}`,
        `--grpc-root-cert=${file(ca)}`,
      ).ended;
    const rows: readonly (readonly [files: [string, string, string?], message: string])[] = [
      [['text', 'key'], `--grpc-server-cert is '${file('text')}', expected a certificate in PEM: `],
      [
        ['cert', 'text'],
        `--grpc-server-key is '${file('text')}', expected the key of --grpc-server-cert in PEM: `,
      ],
      [
        ['cert', 'key2'],
        `--grpc-server-key is '${file('key2')}', expected the key of --grpc-server-cert in PEM: `,
      ],
      [
        ['cert', 'key', 'missing'],
        `--grpc-root-cert is '${file('missing')}', expected a PEM file that can be read: `,
      ],
      [['cert', 'key', 'text'], `--grpc-root-cert is '${file('text')}', expected a certificate in PEM: `],
    ];
    for (const [files, message] of rows) {
      const { code, out, err } = await start(...files);
      assert.deepEqual([code, out], [1, '']);
      assert.ok(err.startsWith(message), err);
    }
    const command = serve(
      `--model-repository=${repository}`,
      '--grpc-use-ssl=true',
      `--grpc-server-cert=${file('cert')}`,
      `--grpc-server-key=${file('key')}`,
    );
    await command.said(/gRPC on 127\.0\.0\.1:\d+ \(TLS\)/);
    assert.equal((await command.stop()).code, 0);
  });
});

test('a request that runs is answered although the server was told to stop twice, and new ones are refused', async () => {
  await withModels([slow], async (repository) => {
    const command = serve(`--model-repository=${repository}`);
    const port = await command.port();
    const [client, other] = [new TestClient(port), new TestClient(port)];
    await command.said(/Ctrl-C/);
    const running = client.infer(iterations(100_000));
    // It comes behind on the same connection, so once it is answered the request is in.
    expectOk(await client.call(live, {}));
    command.signal('SIGTERM');
    await command.said(/Signal \(15\) received/);
    command.signal('SIGTERM');
    command.signal('SIGINT');
    const refused = await other.infer(iterations(1));
    assert.equal(refused.kind === 'failed' && refused.code, 14);
    assert.equal(expectOk(await running).model_name, 'slow');
    const { code, signal, out } = await command.ended;
    assert.deepEqual([code, signal], [0, null]);
    assert.equal(out.match(/Signal \(/g)?.length, 1);
    client.close();
    other.close();
  });
});

test('a run that outlasts the time to exit is named each second and then ended with the process', async () => {
  await withModels([slow], async (repository) => {
    const command = serve(`--model-repository=${repository}`, '--exit-timeout-secs=1');
    const client = new TestClient(await command.port());
    await command.said(/Ctrl-C/);
    const running = client.infer(iterations(2_000_000_000));
    expectOk(await client.call(live, {}));
    command.signal('SIGINT');
    const { signal, out, err } = await command.ended;
    assert.equal(signal, 'SIGKILL');
    assert.match(out, /^Signal \(2\) received\.$/m);
    assert.match(out, /Timeout 0: Found 1 gRPC service connections and inference handlers/);
    assert.match(err, /failed to stop server: Internal: Exit timeout expired\. Exiting immediately\./);
    assert.equal((await running).kind, 'failed');
    client.close();
  });
});

test('log lines have the form that was asked for', async () => {
  const repository = '--model-repository=/nowhere/at/all';
  const iso = await serve(repository, '--log-format=ISO8601').ended;
  assert.match(iso.err, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ E \d+ serve\.js:\d+\] "repository path/m);
  const json = await serve(repository, '--log-format=json').ended;
  const line = JSON.parse(json.err.split('\n')[0] ?? '');
  assert.equal(line.level, 'error');
  assert.match(line.message, /^repository path is not a valid directory/);
});

test('a server that logs in JSON welcomes with a line of JSON and prints nothing else', async () => {
  await withModels([good], async (repository) => {
    const command = serve(`--model-repository=${repository}`, '--log-format=json');
    await command.said(/model versions ready/);
    const { code, out } = await command.stop();
    assert.equal(code, 0);
    const messages = out
      .trim()
      .split('\n')
      .filter((line) => line !== 'Signal (15) received.')
      .map((line) => JSON.parse(line).message);
    assert.ok(messages.some((message) => message.startsWith('1 of 1 model versions ready, gRPC on 127')));
  });
});

test('flags without effect and those that ask for what is the case are told in the log', async () => {
  const { err, out } = await run(
    'serve',
    '--model-repository=/nowhere/at/all',
    '--disable-auto-complete-config',
    '--pinned-memory-pool-byte-size=1',
    '--allow-sagemaker=FALSE',
  );
  assert.match(out, /--pinned-memory-pool-byte-size is accepted and has no effect: ONNX Runtime manages/);
  assert.match(out, /--allow-sagemaker=FALSE is accepted: it asks for what is the case anyway/);
  assert.match(err, /not a valid directory/);
});
