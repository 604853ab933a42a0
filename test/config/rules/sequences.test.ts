import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check, good, testFirst } from '../rule-table.js';

const notYet = `'sequence_batching' is not supported yet for m`;
const control = (fields: string, name = 'C'): string => `control_input { name: "${name}" ${fields} }`;
const sequence = (fields: string, size = 4): string =>
  `${good} max_batch_size: ${size} sequence_batching { ${fields} }`;
const start = 'control { kind: CONTROL_SEQUENCE_START int32_false_true: [ 0, 1 ] }';
const idOf = (type: string): string => `control { kind: CONTROL_SEQUENCE_CORRID data_type: ${type} }`;
const any = `'int32_false_true', 'fp32_false_true' or 'bool_false_true'`;

testFirst('2.4', [
  [
    sequence('oldest { preferred_batch_size: 0 }'),
    'sequence batching preferred batch size must be positive for m',
  ],
  [
    sequence('oldest { preferred_batch_size: 5 }'),
    'sequence batching preferred batch size must be <= max batch size for m',
  ],
  ...['-0.1', '1.1', 'nan', 'inf'].map(
    (value) =>
      [
        sequence(`direct { minimum_slot_utilization: ${value} }`),
        'sequence batching minimum slot utilization must be in range (0.0, 1.0] for m',
      ] as const,
  ),
  [
    `${sequence('')} response_cache { enable: true }`,
    'Response Cache does not currently support model m with sequence batching scheduler. Please disable the response cache.',
  ],
  [
    `${good} model_transaction_policy { decoupled: true } response_cache { enable: true }`,
    `Response Cache does not currently support model m with 'decoupled' transaction policy. Please disable the response cache.`,
  ],
]);

testFirst('2.4 control tensors', [
  [sequence(control(start, '')), 'sequence batching control tensor must have a name for m'],
  [
    sequence(control(start) + control('control { kind: CONTROL_SEQUENCE_END int32_false_true: [ 0, 1 ] }')),
    `sequence batching control tensor 'C' is specified for multiple control kinds for m`,
  ],
  [
    sequence(control(start) + control(start, 'D')),
    'sequence batching specifies multiple CONTROL_SEQUENCE_START tensors for m',
  ],
  [
    sequence(control(`${idOf('TYPE_INT64')} ${idOf('TYPE_INT64')}`)),
    'sequence batching specifies multiple CONTROL_SEQUENCE_CORRID tensors for m',
  ],
  ...(['CONTROL_SEQUENCE_START', 'CONTROL_SEQUENCE_END', 'CONTROL_SEQUENCE_READY'] as const).flatMap(
    (kind) => [
      [
        sequence(control(`control { kind: ${kind} }`)),
        `sequence batching must specify either ${any} for ${kind} for m`,
      ] as const,
      [
        sequence(
          control(`control { kind: ${kind} int32_false_true: [ 0, 1 ] bool_false_true: [ false, true ] }`),
        ),
        `sequence batching specifies more than one from 'int32_false_true', 'fp32_false_true' and 'bool_false_true' for ${kind} for m`,
      ] as const,
      ...['int32_false_true', 'fp32_false_true', 'bool_false_true'].map(
        (list) =>
          [
            sequence(control(`control { kind: ${kind} ${list}: [ 0, 1, 1 ] }`)),
            `sequence batching control '${list}' must have exactly 2 entries for ${kind} for m`,
          ] as const,
      ),
    ],
  ),
  [
    sequence(
      control('control { kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_UINT64 fp32_false_true: [ 0, 1 ] }'),
    ),
    `sequence batching must not specify either ${any} for CONTROL_SEQUENCE_CORRID for m`,
  ],
  ...['TYPE_INVALID', 'TYPE_FP32', 'TYPE_INT8'].map(
    (type) =>
      [
        sequence(control(idOf(type))),
        'unexpected data type for control CONTROL_SEQUENCE_CORRID for m. Allowed data types are TYPE_UINT64, TYPE_INT64, TYPE_UINT32, TYPE_INT32 and TYPE_STRING',
      ] as const,
  ),
]);

test('2.4 a sequence batcher that is right is refused only because there is none yet', () => {
  const right = [
    sequence(''),
    sequence('direct { }'),
    sequence('direct { minimum_slot_utilization: 1 }'),
    sequence('oldest { max_candidate_sequences: 4 preferred_batch_size: [ 1, 4 ] }'),
    sequence('oldest { }', 0),
    sequence(control(start) + control(idOf('TYPE_STRING'), 'ID')),
    sequence(control('control { kind: CONTROL_SEQUENCE_READY fp32_false_true: [ 0, 1 ] }')),
  ];
  for (const text of right) {
    assert.deepEqual(
      check(text).map(({ message }) => message),
      [notYet],
      text,
    );
  }
});
