import { bytes, integer, message, text, type Fields } from './wire.js';

// As much of onnx.proto as the models of the benches need; the numbers are its field numbers.

/** ONNX's numbers of the element types. */
export const elementType = { FP32: 1, INT32: 6 } as const;
export type ElementType = keyof typeof elementType;

/** An input or output of a graph; a dimension that is a text is free. */
export interface GraphTensor {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly (number | string)[];
}

/** A constant of a graph. */
export interface Weights {
  readonly name: string;
  readonly shape: readonly number[];
  readonly count: number;
  /** Makes the values: a graph that is only asked for its inputs costs nothing. */
  readonly values: () => Float32Array;
}

export interface GraphNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly ints?: Readonly<Record<string, readonly number[]>>;
}

export interface Graph {
  readonly inputs: readonly GraphTensor[];
  readonly outputs: readonly GraphTensor[];
  readonly nodes: readonly GraphNode[];
  readonly weights: readonly Weights[];
}

/** The files of a model version. */
export interface ModelFiles {
  readonly model: Buffer;
  /** Weights that lie beside the model, named `externalName`. */
  readonly external: Buffer | undefined;
}

export const externalName = 'weights.bin';
/** What memory maps want: each weight begins on a page. */
const pageBytes = 4096;
const irVersion = 8;
const opset = 13;

/** The ONNX file of a graph, its weights inside or in a file beside it. */
export function encodeModel(graph: Graph, { external = false } = {}): ModelFiles {
  const offsets = external ? externalOffsets(graph.weights) : undefined;
  const model = Buffer.concat([
    integer(1, irVersion),
    text(2, 'nereid-bench'),
    message(8, [text(1, ''), integer(2, opset)]),
    message(7, [
      ...graph.nodes.map((node, i) => message(1, encodeNode(node, `node${i}`))),
      text(2, 'bench'),
      ...graph.weights.map((one) => message(5, encodeWeights(one, offsets?.get(one)))),
      ...graph.inputs.map((one) => message(11, encodeTensor(one))),
      ...graph.outputs.map((one) => message(12, encodeTensor(one))),
    ]),
  ]);
  return { model, external: offsets === undefined ? undefined : joinExternal(offsets) };
}

function encodeNode({ op, inputs, output, ints = {} }: GraphNode, name: string): Fields {
  const intsType = 7;
  const attributes = Object.entries(ints).map(([key, values]) =>
    message(5, [text(1, key), ...values.map((value) => integer(8, value)), integer(20, intsType)]),
  );
  return [...inputs.map((one) => text(1, one)), text(2, output), text(3, name), text(4, op), ...attributes];
}

function encodeTensor({ name, type, shape }: GraphTensor): Fields {
  const dims = shape.map((dim) => message(1, [typeof dim === 'number' ? integer(1, dim) : text(2, dim)]));
  const tensorType = message(1, [integer(1, elementType[type]), message(2, dims)]);
  return [text(1, name), message(2, [tensorType])];
}

function encodeWeights({ name, shape, count, values }: Weights, offset: number | undefined): Fields {
  const head = [...shape.map((dim) => integer(1, dim)), integer(2, elementType.FP32), text(8, name)];
  if (offset === undefined) return [...head, bytes(9, bytesOf(values()))];
  const place = { location: externalName, offset: String(offset), length: String(count * 4) };
  const entries = Object.entries(place).map(([key, value]) => message(13, [text(1, key), text(2, value)]));
  return [...head, ...entries, integer(14, 1)];
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function externalOffsets(weights: readonly Weights[]): Map<Weights, number> {
  const offsets = new Map<Weights, number>();
  let at = 0;
  for (const one of weights) {
    offsets.set(one, at);
    at += Math.ceil((one.count * 4) / pageBytes) * pageBytes;
  }
  return offsets;
}

function joinExternal(offsets: ReadonlyMap<Weights, number>): Buffer {
  const end = Math.max(...Array.from(offsets, ([{ count }, offset]) => offset + count * 4));
  const joined = Buffer.alloc(end);
  for (const [{ values }, offset] of offsets) joined.set(bytesOf(values()), offset);
  return joined;
}
