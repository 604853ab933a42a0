import { batching, fp32, infer, input, named, nonBatching, unnamed, type Row } from './row.js';

const four = fp32(1, 2, 3, 4);
const note =
  'NOTE: Setting a non-zero max_batch_size in the model config requires a batch dimension to be prepended to each input shape. ' +
  'If you want to specify the full shape including the batch dim in your input dims config, try setting max_batch_size to zero. ' +
  'See the model configuration docs for more info on max_batch_size.';

/** A shape mismatch on fixed_fp32, or on nobatch_fp32, whose text has no note. */
function misshapen(model: 'fixed_fp32' | 'nobatch_fp32', shape: readonly (number | string)[]): Row {
  const batched = model === 'fixed_fp32';
  return {
    section: '4.6',
    what: `shape [${shape.join(',')}] for ${model}`,
    request: (batched ? batching : nonBatching)({ inputs: [named('INPUT0', shape)] }),
    code: 'INVALID_ARGUMENT',
    text:
      `${unnamed}unexpected shape for input 'INPUT0' for model '${model}'. ` +
      `Expected ${batched ? '[-1,4]' : '[2,-1]'}, got [${shape.join(',')}]. ${batched ? note : ''}`,
  };
}

const mismatchRows: readonly Row[] = [
  ...[
    [4],
    [1, 5],
    [1, 4, 1],
    [1, 2, 2],
    [1, 0],
    [1, -2],
    [1, '9223372036854775807'],
    [1, '1152921504606846976'],
    [1, '-9223372036854775808'],
  ].map((shape) => misshapen('fixed_fp32', shape)),
  ...[[], [2], [4], [3, 2], [1, 2, 2], [-2, 2], ['9007199254740992', 1]].map((shape) =>
    misshapen('nobatch_fp32', shape),
  ),
  ...(
    [
      [batching, 'fixed_fp32', [1, -1]],
      [nonBatching, 'nobatch_fp32', [2, -1]],
      [nonBatching, 'nobatch_fp32', [-1, 2]],
    ] as const
  ).map(([request, model, shape]): Row => ({
    section: '4.6',
    what: `shape [${shape.join(',')}] for ${model}`,
    request: request({ inputs: [named('INPUT0', shape)] }),
    code: 'INVALID_ARGUMENT',
    text: `${unnamed}All input dimensions should be specified for input 'INPUT0' for model '${model}', got [${shape.join(',')}]`,
  })),
];

/** Datatype, shape, bytes given, and the text behind the prefix, on the identity model of the datatype. */
const sizes: readonly (readonly [
  datatype: string,
  shape: readonly (number | string)[],
  bytes: number,
  text: string,
])[] = [
  ['FP32', [1, 4], 15, 'Expected 16, got 15'],
  ['FP32', [1, 4], 0, 'Expected 16, got 0'],
  ['FP32', [2, 4], 16, 'Expected 32, got 16'],
  ['BOOL', [8, 3], 25, 'Expected 24, got 25'],
  ['INT16', [1, 3], 3, 'Expected 6, got 3'],
  ['UINT64', [1, 1], 4, 'Expected 8, got 4'],
  ['FP16', [1, 2], 8, 'Expected 4, got 8'],
  ['FP64', [1, 0], 8, 'Expected 0, got 8'],
  ['FP32', [1, '1152921504606846976'], 4, 'Expected 4611686018427387904, got 4'],
];

const sizeRows: readonly Row[] = [
  ...sizes.map(([datatype, shape, bytes, text]): Row => {
    const model = `identity_${datatype.toLowerCase()}`;
    return {
      section: '4.6',
      what: `${bytes} bytes for ${datatype} [${shape.join(',')}]`,
      request: infer(model, [input(datatype, shape)], [Buffer.alloc(bytes)]),
      code: 'INVALID_ARGUMENT',
      text: `${unnamed}input byte size mismatch for input 'INPUT0' for model '${model}'. ${text}`,
    };
  }),
  {
    section: '4.6',
    what: 'a byte too many without batches',
    request: nonBatching({ raw_input_contents: [Buffer.alloc(17)] }),
    code: 'INVALID_ARGUMENT',
    text: `${unnamed}input byte size mismatch for input 'INPUT0' for model 'nobatch_fp32'. Expected 16, got 17`,
  },
];

const dimensionRows: readonly Row[] = [
  {
    section: '4.6',
    what: 'a dimension below -1',
    request: infer('identity_fp32', [input('FP32', [1, -2])], [four]),
    code: 'INVALID_ARGUMENT',
    text: "tensor 'INPUT0' contains an invalid dimension [1,-2]",
  },
  {
    section: '4.6',
    what: 'a dimension below -1 without batches',
    request: nonBatching({ inputs: [named('INPUT0', [2, '-9223372036854775808'])] }),
    code: 'INVALID_ARGUMENT',
    text: "tensor 'INPUT0' contains an invalid dimension [2,-9223372036854775808]",
  },
  {
    section: '4.6',
    what: 'a dimension below -1 of strings',
    request: infer('identity_bytes', [input('BYTES', [1, -3])], [four]),
    code: 'INVALID_ARGUMENT',
    text: "tensor 'INPUT0' contains an invalid dimension in shape [1,-3]",
  },
  {
    section: '4.6',
    what: 'a byte size beyond int64',
    request: infer('identity_fp32', [input('FP32', [1, '4611686018427387904'])], [four]),
    code: 'INVALID_ARGUMENT',
    text: "byte size for tensor 'INPUT0' exceeds maximum size of 9223372036854775807",
  },
  {
    section: '4.6',
    what: 'an element count beyond int64',
    request: nonBatching({ inputs: [named('INPUT0', [2, '9223372036854775807'])] }),
    code: 'INVALID_ARGUMENT',
    text: "byte size for tensor 'INPUT0' exceeds maximum size of 9223372036854775807",
  },
  {
    section: '4.6',
    what: 'a count of strings beyond int64',
    request: infer('identity_bytes', [input('BYTES', [8, '4611686018427387904'])], [four]),
    code: 'INVALID_ARGUMENT',
    text: "element count for tensor 'INPUT0' exceeds maximum size of 9223372036854775807",
  },
];

export const shapeRows: readonly Row[] = [...mismatchRows, ...sizeRows, ...dimensionRows];
