import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flags } from '../../src/cli/flags.js';
import { toServeOptions } from '../../src/cli/options.js';
import { UsageError } from '../../src/cli/usage-error.js';
import { serveOptions } from '../support/serve-options.js';

/** Every flag of tritonserver. */
const tritonFlags = `
  id exit-timeout-secs exit-on-error strict-readiness disable-auto-complete-config
  model-repository model-store model-control-mode repository-poll-secs load-model model-config-name
  model-load-thread-count model-load-retry-count model-namespacing enable-peer-access
  allow-http http-address http-port reuse-http-port http-thread-count http-max-input-size
  http-header-forward-pattern http-restricted-api
  allow-grpc grpc-address grpc-port reuse-grpc-port grpc-header-forward-pattern grpc-infer-thread-count
  grpc-infer-allocation-pool-size grpc-max-response-pool-size grpc-infer-response-compression-level
  grpc-use-ssl grpc-use-ssl-mutual grpc-server-cert grpc-server-key grpc-root-cert grpc-keepalive-time
  grpc-keepalive-timeout grpc-keepalive-permit-without-calls grpc-http2-max-pings-without-data
  grpc-http2-min-recv-ping-interval-without-data grpc-http2-max-ping-strikes grpc-max-connection-age
  grpc-max-connection-age-grace grpc-restricted-protocol
  log-verbose log-info log-warning log-error log-format log-file
  trace-config trace-file trace-level trace-rate trace-count trace-log-frequency
  allow-metrics allow-gpu-metrics allow-cpu-metrics metrics-address metrics-port metrics-interval-ms
  metrics-config cache-config cache-directory response-cache-byte-size
  rate-limit rate-limit-resource pinned-memory-pool-byte-size cuda-memory-pool-byte-size
  cuda-virtual-address-size min-supported-compute-capability buffer-manager-thread-count host-policy
  model-load-gpu-limit allow-client-shm backend-directory backend-config repoagent-directory
  allow-sagemaker sagemaker-port sagemaker-safe-port-range sagemaker-thread-count
  allow-vertex-ai vertex-ai-port vertex-ai-thread-count vertex-ai-default-model strict-model-config
`
  .trim()
  .split(/\s+/);

const ownFlags = `
  max-pending-request-bytes grpc-transport grpc-max-connections grpc-max-streams-per-connection
  grpc-max-resets-per-second grpc-max-idle-frames-per-second grpc-max-metadata-bytes grpc-receive-timeout-ms
  grpc-send-timeout-ms grpc-idle-timeout-ms grpc-max-pending-response-bytes
  grpc-max-total-pending-response-bytes grpc-max-decompressed-bytes grpc-max-receiving-bytes grpc-exact-receive-bytes
  grpc-stream-window-bytes grpc-connection-window-bytes grpc-certificate-poll-secs
  batch-delay max-large-batch-bytes max-idle-slot-bytes grpc-max-idle-request-bytes
  repository-settle-millis max-client-shm-regions log-failed-requests metrics-max-series
  http-max-connections http-max-header-bytes http-receive-timeout-ms http-max-receiving-bytes http-json-threads
  http-idle-timeout-ms http-transport http-max-idle-request-bytes
`
  .trim()
  .split(/\s+/);

test('the table has every flag of tritonserver once, and our own', () => {
  const names = flags.map(({ name }) => name);
  assert.deepEqual(names.toSorted(), [...tritonFlags, ...ownFlags].toSorted());
});

function refusal(name: string, value: string): string {
  try {
    serveOptions([name, value]);
  } catch (error) {
    assert.ok(error instanceof UsageError);
    return error.message;
  }
  return '';
}

const sample = { boolean: 'true', integer: '1', text: 'x', list: 'x', switch: '' } as const;

for (const flag of flags) {
  if (flag.status.kind === 'not-yet') {
    test(`--${flag.name} is refused by name, but for what is the case anyway`, () => {
      assert.ok(flag.status.kind === 'not-yet');
      const { accepted = [] } = flag.status;
      const wanted = accepted.includes(sample[flag.kind]) ? 'false' : sample[flag.kind];
      assert.ok(
        refusal(flag.name, wanted).startsWith(`--${flag.name}=${wanted} is not supported yet; leave it out`),
      );
      for (const value of accepted) assert.equal(serveOptions([flag.name, value]).notes.length, 1);
    });
  } else if (flag.status.kind === 'meaningless') {
    test(`--${flag.name} is accepted with a line that says why it does nothing`, () => {
      const { notes } = serveOptions([flag.name, sample[flag.kind]]);
      assert.equal(notes.length, 1);
      assert.match(notes[0] ?? '', new RegExp(`^--${flag.name} is accepted and has no effect: .+`));
    });
  }
}

test('repositories add up under both names, any other flag counts as it was given last', () => {
  const given = serveOptions(
    ['model-store', 'b'],
    ['model-repository', 'c'],
    ['id', 'first'],
    ['id', 'last'],
  );
  assert.deepEqual(given.repositories, ['models', 'c', 'b']);
  assert.equal(given.id, 'last');
});

test('a verbosity may be a switch', () => {
  assert.equal(serveOptions(['log-verbose', 'True']).log.verboseLevel, 1);
  assert.equal(serveOptions(['log-verbose', 'off']).log.verboseLevel, 0);
});

function both(port: string): string {
  return `The server cannot listen to HTTP requests and GRPC requests at the same address and port 0.0.0.0:${port}`;
}

test('a server that serves neither protocol is none, and one protocol may be left out', () => {
  assert.throws(
    () => serveOptions(['allow-grpc', 'false'], ['allow-http', '0']),
    /^Error: At least one of the following options must be true: --allow-grpc, --allow-http$/,
  );
  assert.equal(serveOptions(['allow-grpc', 'off'], ['grpc-port', '8000']).grpc, undefined);
  assert.equal(serveOptions(['allow-http', 'off'], ['grpc-port', '8000']).http, undefined);
});

test('ports that are taken as they are free, or at two addresses, do not meet', () => {
  serveOptions(['grpc-port', '0'], ['http-port', '0']);
  serveOptions(['grpc-port', '8000'], ['grpc-address', '127.0.0.2']);
});

test('restrictions and patterns of headers are read for each protocol', () => {
  const { grpc, http } = serveOptions(
    ['grpc-restricted-protocol', 'health,trace:k=v'],
    ['http-restricted-api', 'logging:K=v'],
    ['http-header-forward-pattern', 'x-.*'],
  );
  assert.deepEqual([...(grpc?.restrictions.keys() ?? [])], ['health', 'trace']);
  assert.equal(grpc?.restrictions.get('trace')?.header, 'triton-grpc-protocol-k');
  assert.equal(http?.restrictions.get('logging')?.header, 'k');
  assert.deepEqual([grpc?.headerForwardPattern, http?.headerForwardPattern], [undefined, 'x-.*']);
});

const wrong: readonly (readonly [name: string, value: string, message: string])[] = [
  ['exit-on-error', 'yes', `--exit-on-error is 'yes', expected true or false`],
  ['allow-http', 'maybe', `--allow-http is 'maybe', expected true or false`],
  [
    'allow-vertex-ai',
    'true',
    '--allow-vertex-ai=true is not supported yet; leave it out or write --allow-vertex-ai=false',
  ],
  ['model-control-mode', 'manual', "--model-control-mode is 'manual', expected one of: none, poll, explicit"],
  ['vertex-ai-port', '8080', '--vertex-ai-port=8080 is not supported yet; leave it out'],
  ['grpc-port', 'x', `--grpc-port is 'x', expected a whole number`],
  ['grpc-port', '', `--grpc-port is '', expected a whole number`],
  ['grpc-port', '1.5', `--grpc-port is '1.5', expected a whole number`],
  ['grpc-port', '-1', `--grpc-port is '-1', expected at least 0`],
  ['grpc-port', '65536', `--grpc-port is '65536', expected at most 65535`],
  ['model-load-thread-count', '0', `--model-load-thread-count is '0', expected at least 1`],
  ['grpc-keepalive-time', '2147483648', `--grpc-keepalive-time is '2147483648', expected at most 2147483647`],
  [
    'max-pending-request-bytes',
    '1'.repeat(20),
    `--max-pending-request-bytes is '${'1'.repeat(20)}', expected at most 9007199254740991`,
  ],
  ['http-thread-count', 'many', `--http-thread-count is 'many', expected a whole number`],
  ['log-format', 'xml', `--log-format is 'xml', expected one of: default, ISO8601, json`],
  ['log-verbose', 'loud', `--log-verbose is 'loud', expected a number from 0 up, true or false`],
  ['log-verbose', '-1', `--log-verbose is '-1', expected a number from 0 up, true or false`],
  [
    'grpc-infer-response-compression-level',
    'max',
    `--grpc-infer-response-compression-level is 'max', expected one of: none, low, medium, high`,
  ],
  ['grpc-port', '8000', both('8000')],
  ['grpc-restricted-protocol', 'nobody:k=v', "unknown restricted protocol 'nobody' "],
  [
    'http-restricted-api',
    'health',
    "--http-restricted-api option format is '<config name>:<setting>=<value>'. Got health",
  ],
  [
    'metrics-config',
    'counter_latency=true',
    "--metrics-config=counter_latency=true: unknown setting 'counter_latency'; did you mean 'counter_latencies'?",
  ],
  [
    'metrics-config',
    'all=true',
    "--metrics-config=all=true: unknown setting 'all'; there are counter_latencies, histogram_latencies, summary_latencies, summary_quantiles",
  ],
  [
    'metrics-config',
    'summary_latencies',
    "--metrics-config is 'summary_latencies', expected <setting>=<value>, as in counter_latencies=true",
  ],
  [
    'metrics-config',
    'summary_latencies=maybe',
    "--metrics-config=summary_latencies=maybe: 'maybe' is not true or false",
  ],
  [
    'metrics-config',
    'summary_quantiles=0.5:0.05,1:0.1',
    "--metrics-config=summary_quantiles: '1:0.1' is not <quantile>:<error> with both between 0 and 1, as in 0.99:0.001",
  ],
  ['metrics-interval-ms', '0', `--metrics-interval-ms is '0', expected at least 1`],
  ['grpc-use-ssl', 'true', '--grpc-server-cert must be given: TLS is on and needs a server certificate'],
];

for (const [name, value, message] of wrong) {
  test(`--${name}=${value} is refused with flag, value and what was expected`, () => {
    assert.equal(refusal(name, value), message);
  });
}

test('a command line without a repository is refused with an example', () => {
  assert.throws(
    () => toServeOptions(new Map()),
    /^Error: --model-repository must be specified: .*e\.g\. --model-/,
  );
});

test('TLS is on when asked for, and with any use of the mutual flag, whose value decides about clients', () => {
  const files = [
    ['grpc-server-cert', 'c.pem'],
    ['grpc-server-key', 'k.pem'],
    ['grpc-root-cert', 'ca.pem'],
  ] as const;
  const tls = (...given: readonly (readonly [string, string])[]): unknown =>
    serveOptions(...files, ...given).grpc?.tls;
  const server = { cert: 'c.pem', key: 'k.pem', clientCa: undefined };
  assert.equal(tls(), undefined);
  assert.deepEqual(tls(['grpc-use-ssl', 'true']), server);
  assert.deepEqual(tls(['grpc-use-ssl-mutual', 'false']), server);
  assert.deepEqual(tls(['grpc-use-ssl-mutual', 'true']), { ...server, clientCa: 'ca.pem' });
});

test('a shared port is refused on a Node that cannot share one', () => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 12))
    assert.equal(serveOptions(['reuse-grpc-port', '1']).grpc?.reusePort, true);
  else
    assert.match(
      refusal('reuse-grpc-port', '1'),
      /^--reuse-grpc-port needs Node 22\.12 or later, this is \d/,
    );
});
