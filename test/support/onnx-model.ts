import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bytes, integer, message, text, type Fields } from '../../bench/models/wire.js';

// Tiny ONNX files made on the spot. The numbers are the field numbers of onnx.proto3.

/** ONNX's numbers of the element types that tests use. */
export const onnxType = {
  FLOAT: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  STRING: 8,
  BOOL: 9,
  FLOAT16: 10,
  DOUBLE: 11,
  UINT32: 12,
  UINT64: 13,
  BFLOAT16: 16,
  FLOAT8E5M2: 19,
} as const;

export interface OnnxValue {
  readonly name: string;
  /** FLOAT when left out. */
  readonly type?: keyof typeof onnxType;
  /** A text is a symbol, null a dimension without one; a shape that is left out is not declared. */
  readonly shape?: readonly (number | string | null)[];
  /** A sequence of such tensors. */
  readonly sequence?: boolean;
}

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly integers?: Readonly<Record<string, number>>;
}

export interface OnnxConstant {
  readonly name: string;
  readonly dims: readonly number[];
  readonly values: readonly number[];
  /** A file beside the model that holds the values. */
  readonly external?: string;
}

export interface OnnxGraph {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly nodes: readonly OnnxNode[];
  readonly constants?: readonly OnnxConstant[];
  readonly irVersion?: number;
}

/** A graph that hands each input on as the output of the same position. */
export function identities(inputs: readonly OnnxValue[], outputs: readonly OnnxValue[]): OnnxGraph {
  const nodes = outputs.map(({ name }, i) => ({
    op: 'Identity',
    inputs: [inputs[i]?.name ?? ''],
    outputs: [name],
  }));
  return { inputs, outputs, nodes };
}

/** A graph whose output has a shape that only folded constants tell. */
export const folded: OnnxGraph = {
  inputs: [{ name: 'x', shape: ['n', 2] }],
  outputs: [{ name: 'y' }],
  nodes: [
    { op: 'Add', inputs: ['a', 'b'], outputs: ['sum'] },
    { op: 'Cast', inputs: ['sum'], outputs: ['shape'], integers: { to: onnxType.INT64 } },
    { op: 'Reshape', inputs: ['x', 'shape'], outputs: ['y'] },
  ],
  constants: [
    { name: 'a', dims: [2], values: [-2, 1] },
    { name: 'b', dims: [2], values: [1, 1] },
  ],
};

export function encodeOnnx({ inputs, outputs, nodes, constants = [], irVersion = 8 }: OnnxGraph): Buffer {
  return Buffer.concat([
    integer(1, irVersion),
    message(8, [text(1, ''), integer(2, 21)]),
    message(7, [
      ...nodes.map((node) => message(1, encodeNode(node))),
      text(2, 'test'),
      ...constants.map((constant) => message(5, encodeConstant(constant))),
      ...inputs.map((value) => message(11, encodeValue(value))),
      ...outputs.map((value) => message(12, encodeValue(value))),
    ]),
  ]);
}

function encodeNode({ op, inputs, outputs, integers = {} }: OnnxNode): Fields {
  const attributes = Object.entries(integers).map(([name, value]) =>
    message(5, [text(1, name), integer(3, value), integer(20, 2)]),
  );
  return [
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, op),
    ...attributes,
  ];
}

function encodeValue({ name, type = 'FLOAT', shape, sequence = false }: OnnxValue): Fields {
  const dims = (shape ?? []).map((dim) =>
    message(1, dim === null ? [] : [typeof dim === 'number' ? integer(1, dim) : text(2, dim)]),
  );
  const tensor = [integer(1, onnxType[type]), ...(shape === undefined ? [] : [message(2, dims)])];
  const element = message(1, tensor);
  return [text(1, name), message(2, [sequence ? message(4, [message(1, [element])]) : element])];
}

function encodeConstant({ name, dims, values, external }: OnnxConstant): Fields {
  const head = [...dims.map((dim) => integer(1, dim)), integer(2, onnxType.FLOAT), text(8, name)];
  if (external === undefined) return [...head, bytes(9, floatBytes(values))];
  return [...head, message(13, [text(1, 'location'), text(2, external)]), integer(14, 1)];
}

export function floatBytes(values: readonly number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}

/** Writes a model of a repository: its files by their path, a graph standing for its ONNX file. */
export async function writeModel(
  folder: string,
  files: Readonly<Record<string, OnnxGraph | Uint8Array | string>>,
): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    const plain = typeof content === 'string' || content instanceof Uint8Array;
    await writeFile(file, plain ? content : encodeOnnx(content));
  }
}
