import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InferenceError } from '../../src/inference/error.js';
import {
  changeOwn,
  checkTraceSettings,
  defaultTraceSettings,
  nameTraceSettings,
  readTraceChanges,
  type TraceChanges,
  type TraceOutput,
  type TraceSettings,
} from '../../src/server/trace-settings.js';

type Given = Readonly<Record<string, readonly string[]>>;

function read(given: Given, front: 'grpc' | 'http' = 'grpc'): TraceChanges {
  return readTraceChanges(new Map(Object.entries(given)), front);
}

const timestamps = { timestamps: true, tensors: false };
const tensors = { timestamps: false, tensors: true };

const readable: [Given, TraceChanges][] = [
  [{}, {}],
  [{ trace_level: ['OFF'] }, { level: { timestamps: false, tensors: false } }],
  [{ trace_level: ['TIMESTAMPS'] }, { level: timestamps }],
  [{ trace_level: ['TENSORS'] }, { level: tensors }],
  [{ trace_level: ['TENSORS', 'TIMESTAMPS', 'MAX'] }, { level: { timestamps: true, tensors: true } }],
  [{ trace_level: ['timestamps', 'MIN'] }, {}],
  [{ trace_level: [] }, { level: null }],
  [
    { trace_rate: ['7'], trace_count: ['-1'] },
    { rate: 7, count: -1 },
  ],
  [{ trace_rate: ['0'] }, { rate: 0 }],
  [{ trace_rate: ['2147483647'] }, { rate: 2147483647 }],
  [
    { trace_count: ['0'], log_frequency: ['3'] },
    { count: 0, logFrequency: 3 },
  ],
  [
    { trace_rate: [], trace_count: [], log_frequency: [] },
    { rate: null, count: null, logFrequency: null },
  ],
  [{ trace_mode: ['opentelemetry'], anything: ['x', 'y'] }, {}],
];

for (const [given, changes] of readable) {
  test(`${JSON.stringify(given)} asks for ${JSON.stringify(changes)}`, () => {
    assert.deepEqual(read(given), changes);
  });
}

const range = 'value is out of range [ 0, 4294967295 ]';

const refused: [Given, string][] = [
  [{ trace_file: ['x'] }, 'trace file location can not be updated through network protocol'],
  [{ trace_file: [] }, 'trace file location can not be updated through network protocol'],
  [{ trace_level: ['OFF', 'TIMESTAMPS'] }, "Expect only one trace level 'OFF' is specified"],
  [{ trace_rate: ['1', '2'] }, "expect only 1 value for 'trace_rate'"],
  [{ trace_count: ['1', '2'] }, "expect only 1 value for 'trace_count'"],
  [{ log_frequency: ['1', '2'] }, "expect only 1 value for 'log_frequency'"],
  [{ trace_rate: ['x'] }, "Unable to parse 'trace_rate', got: x"],
  [{ trace_rate: [''] }, "Unable to parse 'trace_rate', got: "],
  [{ trace_rate: ['10x'] }, "Unable to parse 'trace_rate', got: 10x"],
  [{ trace_count: ['1.5'] }, "Unable to parse 'trace_count', got: 1.5"],
  [{ log_frequency: ['x'] }, "Unable to parse 'log_frequency', got: x"],
  [{ trace_rate: ['2147483648'] }, `Unable to parse 'trace_rate', ${range}, got: 2147483648`],
  [{ trace_rate: ['-1'] }, `Unable to parse 'trace_rate', ${range}, got: -1`],
  [{ log_frequency: ['99999999999'] }, `Unable to parse 'log_frequency', ${range}, got: 99999999999`],
  [{ trace_count: ['-2'] }, "Unable to parse 'trace_count'. Expecting value >= -1, got: -2"],
  [
    { trace_count: ['2147483648'] },
    "Unable to parse 'trace_count', value is out of range [ -1, 2147483647 ], got: 2147483648",
  ],
  [
    { trace_count: ['-2147483649'] },
    "Unable to parse 'trace_count', value is out of range [ -1, 2147483647 ], got: -2147483649",
  ],
];

for (const [given, message] of refused) {
  test(`${JSON.stringify(given)} is refused`, () => {
    const code = 'trace_file' in given ? 'unsupported' : 'invalid-argument';
    assert.throws(() => read(given), new InferenceError(code, message));
  });
}

test('HTTP tells of a bad count without the blank', () => {
  assert.throws(() => read({ trace_count: ['-2'] }, 'http'), {
    message: "Unable to parse 'trace_count'. Expecting value >= -1, got:-2",
  });
});

const filed: TraceOutput = { mode: 'triton', file: 'trace.json', modeSettings: new Map() };
const exported: TraceOutput = {
  mode: 'opentelemetry',
  file: '',
  modeSettings: new Map([
    ['url', ['http://x']],
    ['resource', ['a=b', 'c=d']],
  ]),
};

const unusable: [Partial<TraceSettings>, TraceOutput, string | undefined][] = [
  [{ rate: 0 }, filed, 'sample rate must be non-zero'],
  [{ rate: 0 }, exported, 'sample rate must be non-zero'],
  [{}, { ...filed, file: '' }, 'trace file name is not given'],
  [{}, { ...exported, file: '' }, undefined],
  [{ count: 0 }, filed, ''],
  [{ count: 1 }, filed, undefined],
];

for (const [settings, output, reason] of unusable) {
  const all = { ...defaultTraceSettings, level: timestamps, ...settings };
  test(`${JSON.stringify(settings)} in mode ${output.mode}, file '${output.file}': ${reason ?? 'is usable'}`, () => {
    if (reason === undefined) checkTraceSettings(all, output);
    else {
      assert.throws(() => checkTraceSettings(all, output), {
        message: `Attempting to set invalid trace setting :${reason}`,
      });
    }
    checkTraceSettings({ ...all, level: defaultTraceSettings.level }, output);
  });
}

test('a change adds to what a scope sets itself, and null takes away', () => {
  const own = changeOwn({ rate: 3, count: 5 }, { rate: null, level: tensors });
  assert.deepEqual(own, { count: 5, level: tensors });
  assert.deepEqual(changeOwn(own, { level: null, count: null }), {});
});

test('the settings are named as on the wire, those of the other mode left out', () => {
  assert.deepEqual(
    [...nameTraceSettings({ ...defaultTraceSettings, logFrequency: 2 }, filed)],
    [
      ['trace_level', ['OFF']],
      ['trace_rate', ['1000']],
      ['trace_count', ['-1']],
      ['log_frequency', ['2']],
      ['trace_file', ['trace.json']],
      ['trace_mode', ['triton']],
    ],
  );
  const level = { timestamps: true, tensors: true };
  assert.deepEqual(
    [...nameTraceSettings({ ...defaultTraceSettings, level }, exported)],
    [
      ['trace_level', ['TIMESTAMPS', 'TENSORS']],
      ['trace_rate', ['1000']],
      ['trace_count', ['-1']],
      ['trace_mode', ['opentelemetry']],
      ['url', ['http://x']],
      ['resource', ['a=b', 'c=d']],
    ],
  );
});
