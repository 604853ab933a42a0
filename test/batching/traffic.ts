import type { AnyMessage } from '../support/client.js';
import type { Random } from '../support/random.js';
import type { ServedModel } from '../support/served-models.js';

/** A request made up by chance, and what its answer must be. */
export interface Question {
  readonly message: AnyMessage;
  /** The bytes of each output; undefined: what the model's twin answers, up to rounding. */
  readonly expected: Readonly<Record<string, Buffer>> | undefined;
  /** The run of this request must fail. */
  readonly fails?: boolean;
}

/** A model under random load. */
export interface Subject extends ServedModel {
  readonly name: string;
  /** Only ONNX Runtime knows what is right, and rounds as it likes: the same graph is asked without batching. */
  readonly rounds?: boolean;
  /** Whether callers may give up, so that what was counted is known only within bounds. */
  readonly givesUp: boolean;
  /** Texts of refusals that its queue policy allows. */
  readonly refusals?: RegExp;
  readonly ask: (random: Random) => Question;
}

const element = {
  UINT8: 1,
  FP16: 2,
  FP32: 4,
  FP64: 8,
  INT64: 8,
};

type Fixed = keyof typeof element;

function input(name: string, datatype: string, shape: readonly number[]): AnyMessage {
  return { name, datatype, shape };
}

function product(shape: readonly number[]): number {
  return shape.reduce((count, dim) => count * dim, 1);
}

/** Mostly one width, so that requests often have company. */
function rowsAndWidth(random: Random): [number, number] {
  return [1 + random.below(random.chance(0.7) ? 2 : 8), random.chance(0.9) ? 3 : 1 + random.below(40)];
}

function floats(random: Random, shape: readonly number[]): Float32Array {
  return Float32Array.from({ length: product(shape) }, () => random.below(2 ** 24) / 2 ** 20 - 8);
}

function bytesOf(array: Float32Array | BigInt64Array): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}

function priorities(random: Random): AnyMessage {
  return random.chance(0.5) ? {} : { priority: { uint64_param: String(random.below(5)) } };
}

function timeouts(random: Random): AnyMessage {
  return random.chance(0.5) ? {} : { timeout: { int64_param: String(1000 + random.below(20_000)) } };
}

/** Whatever bytes are sent come back: for all types whose every bit pattern is a value. */
function askIdentity(
  model: string,
  datatype: Fixed,
  parameters: (random: Random) => AnyMessage = () => ({}),
): (random: Random) => Question {
  return (random) => {
    const shape = rowsAndWidth(random);
    const data = random.bytes(product(shape) * element[datatype]);
    return {
      message: {
        model_name: model,
        parameters: parameters(random),
        inputs: [input('INPUT0', datatype, shape)],
        raw_input_contents: [data],
      },
      expected: { OUTPUT0: data },
    };
  };
}

const letters = ['a', 'é', '漢', '😀'];

function askStrings(random: Random): Question {
  const shape = rowsAndWidth(random);
  const pieces = Array.from({ length: product(shape) }, () => {
    const bytes = Buffer.from(letters.slice(0, random.below(5)).join('') + random.below(1000));
    const head = Buffer.alloc(4);
    head.writeUInt32LE(bytes.byteLength);
    return Buffer.concat([head, bytes]);
  });
  const data = Buffer.concat(pieces);
  return {
    message: {
      model_name: 'strings',
      inputs: [input('INPUT0', 'BYTES', shape)],
      raw_input_contents: [data],
    },
    expected: { OUTPUT0: data },
  };
}

function askPairs(random: Random): Question {
  const shape = rowsAndWidth(random);
  const [a, b] = [floats(random, shape), floats(random, shape)];
  const wanted = random.pick([[], [], ['SUM'], ['PRODUCT'], ['PRODUCT', 'SUM']]);
  const all = {
    SUM: bytesOf(a.map((value, at) => value + b[at]!)),
    PRODUCT: bytesOf(a.map((value, at) => value * b[at]!)),
  };
  const asked = Object.entries(all).filter(([name]) => wanted.length === 0 || wanted.includes(name));
  return {
    message: {
      model_name: 'pairs',
      inputs: [input('A', 'FP32', shape), input('B', 'FP32', shape)],
      outputs: wanted.map((name) => ({ name })),
      raw_input_contents: [bytesOf(a), bytesOf(b)],
    },
    expected: Object.fromEntries(asked),
  };
}

function askSums(random: Random): Question {
  const shape = rowsAndWidth(random);
  const [a, b] = [random.bytes(8 * product(shape)), random.bytes(8 * product(shape))];
  const sum = Buffer.alloc(a.byteLength);
  for (let at = 0; at < a.byteLength; at += 8) {
    sum.writeBigUInt64LE(BigInt.asUintN(64, a.readBigUInt64LE(at) + b.readBigUInt64LE(at)), at);
  }
  return {
    message: {
      model_name: 'sums',
      parameters: priorities(random),
      inputs: [input('A', 'INT64', shape), input('B', 'INT64', shape)],
      raw_input_contents: [a, b],
    },
    expected: { SUM: sum },
  };
}

function askRuntime(model: string, dims: (random: Random) => number[], rowsMax: number) {
  return (random: Random): Question => {
    const shape = [1 + random.below(random.chance(0.7) ? 3 : rowsMax), ...dims(random)];
    return {
      message: {
        model_name: model,
        inputs: [input('INPUT0', 'FP32', shape)],
        raw_input_contents: [bytesOf(floats(random, shape))],
      },
      expected: undefined,
    };
  };
}

const table = [10, 20, 30, 40];

function askLookup(random: Random): Question {
  const indices = Array.from({ length: 1 + random.below(3) }, () =>
    random.chance(0.02) ? 4 + random.below(100) : random.below(4),
  );
  return {
    message: {
      model_name: 'lookup',
      inputs: [input('INDEX', 'INT64', [indices.length, 1])],
      raw_input_contents: [bytesOf(BigInt64Array.from(indices, BigInt))],
    },
    expected: { VALUE: bytesOf(Float32Array.from(indices, (index) => table[index] ?? 0)) },
    fails: indices.some((index) => index >= table.length),
  };
}

function askRagged(random: Random): Question {
  const numbers = Float32Array.from({ length: random.below(9) }, () => random.below(100));
  const scale = Float32Array.of(1 + random.below(50));
  const sum = numbers.reduce((total, number) => total + number, 0) * scale[0]!;
  return {
    message: {
      model_name: 'ragged',
      inputs: [input('INPUT0', 'FP32', [1, numbers.length]), input('SCALE', 'FP32', [1, 1])],
      raw_input_contents: [bytesOf(numbers), bytesOf(scale)],
    },
    expected: { OUTPUT0: bytesOf(Float32Array.of(sum)) },
  };
}

/** The same graph without batching. */
export function twinOf({ name, graph }: Subject): ServedModel & { readonly name: string } {
  return { name: `${name}_alone`, graph };
}

/** What is served and asked: all that a batcher can be told, over graphs of all kinds. */
export const subjects: readonly Subject[] = [
  {
    name: 'pairs',
    graph: 'row_pairs',
    instances: 2,
    settings: 'dynamic_batching { preferred_batch_size: [ 4 ] max_queue_delay_microseconds: 500 }',
    givesUp: true,
    ask: askPairs,
  },
  {
    name: 'sums',
    graph: 'row_sums',
    settings: `dynamic_batching {
      priority_levels: 3 default_priority_level: 2
      default_queue_policy { timeout_action: DELAY default_timeout_microseconds: 2000 }
      priority_queue_policy { key: 3 value { max_queue_size: 3 } }
    }`,
    givesUp: true,
    refusals: /^\[request id: <id_unknown>\] Exceeds maximum queue size$/,
    ask: askSums,
  },
  {
    name: 'scores',
    graph: 'row_scores',
    rounds: true,
    settings: 'dynamic_batching { max_queue_delay_microseconds: 300 }',
    givesUp: false,
    ask: askRuntime('scores', () => [64], 16),
  },
  {
    name: 'images',
    graph: 'row_images',
    rounds: true,
    instances: 2,
    settings: 'dynamic_batching { preserve_ordering: true max_queue_delay_microseconds: 1000 }',
    givesUp: true,
    ask: askRuntime('images', (random) => [3, 4, random.chance(0.9) ? 5 : 6], 8),
  },
  {
    name: 'strings',
    graph: 'identity_bytes',
    settings: 'dynamic_batching { max_queue_delay_microseconds: 1000 }',
    givesUp: false,
    ask: askStrings,
  },
  {
    name: 'ordered_bytes',
    graph: 'identity_uint8',
    instances: 2,
    settings:
      'dynamic_batching { preserve_ordering: true preferred_batch_size: [ 2, 6 ] max_queue_delay_microseconds: 2000 }',
    givesUp: true,
    ask: askIdentity('ordered_bytes', 'UINT8'),
  },
  {
    name: 'halves',
    graph: 'identity_fp16',
    settings: 'dynamic_batching { }',
    givesUp: false,
    ask: askIdentity('halves', 'FP16'),
  },
  {
    name: 'timed_doubles',
    graph: 'identity_fp64',
    settings: `dynamic_batching {
      max_queue_delay_microseconds: 500
      default_queue_policy { default_timeout_microseconds: 20000 allow_timeout_override: true }
    }`,
    givesUp: true,
    refusals: /^Request timeout expired$/,
    ask: askIdentity('timed_doubles', 'FP64', timeouts),
  },
  {
    name: 'lookup',
    graph: 'row_lookup',
    settings: 'dynamic_batching { max_queue_delay_microseconds: 500 }',
    givesUp: true,
    ask: askLookup,
  },
  {
    name: 'ragged',
    graph: 'ragged_sums',
    settings: 'parameters { key: "nereid.batch_delay" value: { string_value: "exact" } }',
    givesUp: true,
    ask: askRagged,
  },
];
