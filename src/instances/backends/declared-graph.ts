import {
  dim,
  graph,
  model,
  overridableFromIrVersion,
  shape,
  tensor,
  tensorType,
  valueInfo,
} from './onnx-fields.js';
import { ProtobufFile, type FileField } from './protobuf-file.js';

/** What an ONNX file itself says of an input or output. */
export interface DeclaredValue {
  readonly name: string;
  /** ONNX Runtime's name of the kind of value, such as ONNX_TYPE_TENSOR. */
  readonly onnxType: string;
  /** ONNX's number of a tensor's element type. */
  readonly elementType: number;
  /** -1 for every dimension that is not fixed; undefined where the file gives no shape. */
  readonly shape: readonly number[] | undefined;
}

/** Inputs and outputs as an ONNX file declares them, before ONNX Runtime has inferred anything. */
export interface DeclaredGraph {
  readonly inputs: readonly DeclaredValue[];
  readonly outputs: readonly DeclaredValue[];
  /** Names of the inputs that have a value of their own, which a run may override. */
  readonly overridable: ReadonlySet<string>;
}

/** By the field of a value's type that is set. */
const typeKinds: Readonly<Record<number, string>> = {
  1: 'ONNX_TYPE_TENSOR',
  4: 'ONNX_TYPE_SEQUENCE',
  5: 'ONNX_TYPE_MAP',
  7: 'ONNX_TYPE_OPAQUE',
  8: 'ONNX_TYPE_SPARSETENSOR',
  9: 'ONNX_TYPE_OPTIONAL',
};
/** Reads what a file declares; undefined for one that is no ONNX file, such as ONNX Runtime's own format. */
export function readDeclaredGraph(file: string): DeclaredGraph | undefined {
  const source = new ProtobufFile(file);
  try {
    return readModel(source);
  } catch {
    return undefined;
  } finally {
    source.close();
  }
}

function readModel(source: ProtobufFile): DeclaredGraph {
  const inputs: DeclaredValue[] = [];
  const outputs: DeclaredValue[] = [];
  const initializers = new Set<string>();
  const fields = [...source.fields()];
  for (const part of fields.filter(({ number }) => number === model.graph)) {
    for (const field of source.fields(part.start, part.end)) {
      if (field.number === graph.input) inputs.push(readValue(source, field));
      else if (field.number === graph.output) outputs.push(readValue(source, field));
      else if (field.number === graph.initializer) initializers.add(readTensorName(source, field));
    }
  }
  const irVersion = fields.findLast(({ number }) => number === model.irVersion)?.value ?? 0;
  const constant = irVersion < overridableFromIrVersion;
  const valued = inputs.map(({ name }) => name).filter((name) => initializers.has(name));
  return {
    inputs: constant ? inputs.filter(({ name }) => !initializers.has(name)) : inputs,
    outputs,
    overridable: new Set(constant ? [] : valued),
  };
}

function readTensorName(source: ProtobufFile, field: FileField): string {
  for (const one of source.fields(field.start, field.end)) {
    if (one.number === tensor.name) return source.text(one);
  }
  return '';
}

function readValue(source: ProtobufFile, info: FileField): DeclaredValue {
  let value: DeclaredValue = { name: '', onnxType: 'ONNX_TYPE_UNKNOWN', elementType: 0, shape: undefined };
  for (const field of source.fields(info.start, info.end)) {
    if (field.number === valueInfo.name) value = { ...value, name: source.text(field) };
    if (field.number !== valueInfo.type) continue;
    for (const type of source.fields(field.start, field.end)) {
      const onnxType = typeKinds[type.number];
      if (onnxType === undefined) continue;
      const about = onnxType === 'ONNX_TYPE_TENSOR' ? readTensorType(source, type) : {};
      value = { ...value, onnxType, ...about };
    }
  }
  return value;
}

function readTensorType(source: ProtobufFile, type: FileField): Partial<DeclaredValue> {
  let elementType = 0;
  let dims: number[] | undefined;
  for (const field of source.fields(type.start, type.end)) {
    if (field.number === tensorType.elementType) elementType = field.value;
    if (field.number === tensorType.shape) {
      dims = [...source.fields(field.start, field.end)]
        .filter(({ number }) => number === shape.dim)
        .map((one) => readDim(source, one));
    }
  }
  return { elementType, shape: dims };
}

function readDim(source: ProtobufFile, field: FileField): number {
  for (const { number, value } of source.fields(field.start, field.end)) {
    if (number === dim.value && Number.isSafeInteger(value)) return value;
  }
  return -1;
}
