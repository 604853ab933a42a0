import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlagReader } from '../../src/cli/flag-reader.js';
import { traceFlags } from '../../src/cli/trace-options.js';
import { UsageError } from '../../src/cli/usage-error.js';

function read(
  given: Readonly<Record<string, readonly string[]>>,
  env: Readonly<Record<string, string>> = {},
) {
  return traceFlags(new FlagReader(new Map(Object.entries(given))), env);
}

function config(...texts: readonly string[]) {
  return read({ 'trace-config': texts });
}

test('--trace-config says all that its older forms say', () => {
  const asked = config(
    'level=TIMESTAMPS',
    'level=TENSORS',
    'rate=3',
    'count=4',
    'triton,file=f=1',
    'triton,log-frequency=5',
  );
  const older = read({
    'trace-level': ['TIMESTAMPS', 'tensors'],
    'trace-rate': ['3'],
    'trace-count': ['4'],
    'trace-file': ['f=1'],
    'trace-log-frequency': ['5'],
  });
  assert.deepEqual(asked, older);
  assert.deepEqual(asked, {
    flags: {
      settings: { level: { timestamps: true, tensors: true }, rate: 3, count: 4, logFrequency: 5 },
      mode: 'triton',
      file: 'f=1',
      modeSettings: new Map(),
      spans: undefined,
    },
    warnings: [],
  });
});

test('levels have the older names too, and OFF takes back', () => {
  for (const name of ['MIN', 'max', 'true', 'on', 'Timestamps']) {
    const { level } = config(`level=${name}`, 'triton,file=f').flags.settings;
    assert.deepEqual(level, { timestamps: true, tensors: false });
  }
  for (const name of ['OFF', 'false']) {
    assert.deepEqual(config('level=TENSORS', `level=${name}`).flags.settings.level, {
      timestamps: false,
      tensors: false,
    });
  }
});

test('spans are sent on as the flags say, then the environment, then by default', () => {
  const { flags } = read(
    {
      'trace-config': [
        'mode=opentelemetry',
        'rate=0',
        'level=TIMESTAMPS',
        'opentelemetry,url=http://h:1/v1/traces',
        'opentelemetry,resource=service.name=mine',
        'opentelemetry,resource=a=b=c',
        'opentelemetry,bsp_max_queue_size=7',
      ],
    },
    { OTEL_BSP_MAX_QUEUE_SIZE: '8', OTEL_BSP_SCHEDULE_DELAY: '9', OTEL_BSP_MAX_EXPORT_BATCH_SIZE: 'many' },
  );
  assert.deepEqual(flags.spans, {
    url: 'http://h:1/v1/traces',
    resource: { 'service.name': 'mine', a: 'b=c' },
    queueSizeMax: 7,
    scheduleDelayMs: 9,
    exportBatchSizeMax: 512,
  });
  assert.deepEqual(
    [...flags.modeSettings],
    [
      ['url', ['http://h:1/v1/traces']],
      ['resource', ['service.name=mine', 'a=b=c']],
      ['bsp_max_queue_size', ['7']],
      ['bsp_schedule_delay', ['9']],
      ['bsp_max_export_batch_size', ['512']],
    ],
  );
});

const refused: [string[], RegExp][] = [
  [
    ['rate'],
    /^--trace-config is 'rate', expected <setting>=<value> or <mode>,<setting>=<value>, e.g. rate=100/,
  ],
  [['=1'], /expected <setting>=<value>/],
  [['zipkin,url=x'], /'zipkin' is no mode: expected triton or opentelemetry$/],
  [
    ['rat=1'],
    /traces have no setting 'rat', did you mean 'rate'\? Expected one of: mode, rate, level, count$/,
  ],
  [['file=x'], /traces have no setting 'file'.*; write --trace-config=triton,file=<value>$/],
  [['triton,url=x'], /mode triton has no setting 'url'.*; write --trace-config=opentelemetry,url=<value>$/],
  [['mode=jaeger'], /mode is 'jaeger', expected triton or opentelemetry$/],
  [['level=ALL'], /level is 'ALL', expected OFF, TIMESTAMPS or TENSORS$/],
  [['rate=x'], /^--trace-config: rate is 'x', expected a whole number from 0 to 2147483647$/],
  [['count=-2'], /count is '-2', expected a whole number from -1/],
  [['triton,log-frequency=-1'], /triton,log-frequency is '-1'/],
  [['level=TIMESTAMPS'], /there is a level but no file: name a file with --trace-config=triton,file=<path>/],
  [['level=TIMESTAMPS', 'triton,file=f', 'rate=0'], /the rate is 0: write rate=1/],
  [
    ['mode=opentelemetry', 'opentelemetry,url=collector:4318'],
    /url is 'collector:4318', expected a URL such as/,
  ],
  [['mode=opentelemetry', 'opentelemetry,resource=x'], /resource is 'x', expected <key>=<value>/],
  [
    ['mode=opentelemetry', 'opentelemetry,bsp_max_queue_size=0'],
    /bsp_max_queue_size is '0', expected a whole number from 1/,
  ],
];

for (const [texts, message] of refused) {
  test(`--trace-config ${texts.join(' ')} is refused with what was expected`, () => {
    assert.throws(
      () => config(...texts),
      (error) => error instanceof UsageError && message.test(error.message),
    );
  });
}

test('what has no effect is told', () => {
  assert.deepEqual(config('opentelemetry,url=http://x').warnings, [
    '--trace-config=opentelemetry,url has no effect: the mode of traces is triton',
  ]);
  assert.deepEqual(config('mode=opentelemetry', 'level=TENSORS', 'triton,file=f').warnings, [
    '--trace-config=triton,file has no effect: the mode of traces is opentelemetry',
    '--trace-config=level=TENSORS has no effect: the mode opentelemetry traces no tensors',
  ]);
});
