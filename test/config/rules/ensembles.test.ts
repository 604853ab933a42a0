import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check, testFirst } from '../rule-table.js';

const tensor = (side: string, name: string): string =>
  `${side} { name: "${name}" data_type: TYPE_FP32 dims: [ 4 ] }`;
const map = (kind: string, pairs: Readonly<Record<string, string>>): string =>
  Object.entries(pairs)
    .map(([key, value]) => `${kind} { key: "${key}" value: "${value}" }`)
    .join(' ');
const step = (model: string, from: Record<string, string>, to: Record<string, string>): string =>
  `step { model_name: "${model}" model_version: -1 ${map('input_map', from)} ${map('output_map', to)} }`;
const ends = `${tensor('input', 'IN')} ${tensor('output', 'OUT')}`;
const ensemble = (steps: string, around = ends): string =>
  `platform: "ensemble" ${around} ensemble_scheduling { ${steps} }`;
const one = step('a', { X: 'IN' }, { Y: 'OUT' });

testFirst('8.2', [
  [
    `backend: "onnxruntime" ${ends} ensemble_scheduling { ${one} }`,
    `ensemble scheduling cannot be set for model 'm' whose platform is not ensemble`,
  ],
  [
    `platform: "ensemble" ${ends}`,
    'ensemble scheduling must be set for ensemble m whose platform is ensemble',
  ],
  [
    `${ensemble(one)} backend: "onnxruntime"`,
    `Ensemble model 'm' must have platform type 'ensemble' and empty backend type`,
  ],
  [`${ensemble(one)} instance_group { }`, `instance group should not be specified for ensemble 'm'`],
  [`${ensemble(one)} optimization { }`, `optimization should not be specified for ensemble 'm'`],
  [`${ensemble(one)} model_warmup { }`, `model_warmup can not be specified for ensemble 'm'`],
  [ensemble(''), `must specify 'step' for ensemble 'm'`],
  [ensemble(`${one} step { }`), `must specify 'model_name' in step 1 of ensemble 'm'`],
  [ensemble(step('a', {}, { Y: 'OUT' })), `must specify 'input_map' in step 0 of ensemble 'm'`],
  [ensemble(step('a', { X: 'IN' }, {})), `must specify 'output_map' in step 0 of ensemble 'm'`],
  [
    ensemble(one + step('b', { X: 'IN' }, { Y: 'OUT' })),
    `ensemble tensor 'OUT' can appear in an output map only once for ensemble 'm' step 1`,
  ],
  [
    ensemble(step('a', { X: 'IN' }, { Y: 'OUT', Z: 'OUT' })),
    `ensemble tensor 'OUT' can appear in an output map only once for ensemble 'm' step 0`,
  ],
  [ensemble(one, `${ends} ${tensor('input', 'IN2')}`), `ensemble input 'IN2' for ensemble m' is not used`],
  [
    ensemble(one, `${ends} ${tensor('output', 'OUT2')}`),
    `ensemble output 'OUT2' for ensemble m' is not used`,
  ],
  [
    ensemble(step('a', { X: 'IN', X2: 'lost' }, { Y: 'OUT' })),
    `output 'OUT' for ensemble 'm' is not written: at least one of its depending tensors, 'lost', is not connected`,
  ],
  [
    ensemble(step('a', { X: 'IN', Z: 'OUT' }, { Y: 'mid' }) + step('b', { X: 'mid' }, { Y: 'OUT' })),
    `output 'OUT' for ensemble 'm' is not written: at least one of its depending tensors, 'mid', is not connected`,
  ],
  [
    ensemble(one + step('b', { X: 'OUT' }, { Y: 'extra' })),
    `ensemble tensor 'extra' is unused in ensemble 'm'`,
  ],
  [
    ensemble(one + step('b', { OUT: 'OUT' }, { Y: 'x' }), tensor('input', 'IN')),
    `ensemble tensor 'x' is unused in ensemble 'm'`,
  ],
]);

test('8.2 an output that only a step reads is not written', () => {
  const [first] = check(
    ensemble(step('a', { X: 'IN', Z: 'OUT' }, { Y: 'OUT2' }), `${ends} ${tensor('output', 'OUT2')}`),
  );
  assert.equal(first?.message, `output 'OUT' for ensemble 'm' is not written`);
});

test('8.2 a misspelt tensor is offered its right name', () => {
  const [first] = check(ensemble(step('a', { X: 'IM' }, { Y: 'OUT' })));
  assert.match(first?.remedy ?? '', /^did you mean 'IM'\?/);
});

test('8.2 an ensemble that is right is refused only because there are none yet', () => {
  const diamond =
    step('d', { A: 'left', B: 'right' }, { Y: 'OUT' }) +
    step('b', { X: 'mid' }, { Y: 'left' }) +
    step('c', { X: 'mid', W: 'IN' }, { Y: 'right' }) +
    step('a', { X: 'IN' }, { Y: 'mid' });
  for (const text of [ensemble(one), ensemble(diamond), `${ensemble(one)} response_cache { enable: true }`]) {
    assert.deepEqual(
      check(text).map(({ message }) => message),
      [`'ensemble_scheduling' is not supported yet for m`],
    );
  }
});
