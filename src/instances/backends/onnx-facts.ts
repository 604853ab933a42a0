import type { InferenceSession } from 'onnxruntime-node';
import type { IoFacts, ModelFacts } from '../../config/model-facts.js';
import type { Datatype } from '../../tensors/datatype.js';
import type { DeclaredGraph, DeclaredValue } from './declared-graph.js';
import { elementTypes } from './onnx-types.js';

type ValueMetadata = InferenceSession.ValueMetadata;

/** ONNX's element types by number, and the protocol's datatype of those that have one. */
const elements: readonly (readonly [name: string, datatype?: Datatype])[] = [
  ['UNDEFINED'],
  ['FLOAT', 'FP32'],
  ['UINT8', 'UINT8'],
  ['INT8', 'INT8'],
  ['UINT16', 'UINT16'],
  ['INT16', 'INT16'],
  ['INT32', 'INT32'],
  ['INT64', 'INT64'],
  ['STRING', 'BYTES'],
  ['BOOL', 'BOOL'],
  ['FLOAT16', 'FP16'],
  ['DOUBLE', 'FP64'],
  ['UINT32', 'UINT32'],
  ['UINT64', 'UINT64'],
  ['COMPLEX64'],
  ['COMPLEX128'],
  ['BFLOAT16', 'BF16'],
  ['FLOAT8E4M3FN'],
  ['FLOAT8E4M3FNUZ'],
  ['FLOAT8E5M2'],
  ['FLOAT8E5M2FNUZ'],
  ['UINT4'],
  ['INT4'],
  ['FLOAT4E2M1'],
  ['FLOAT8E8M0'],
  ['UINT2'],
  ['INT2'],
];

/** ONNX's name of an element type, or its number where it is newer than this list. */
export function elementName(number: number): string {
  return elements[number]?.[0] ?? `number ${number}`;
}

/** The protocol's datatype of each element type that the binding has a name for. */
const datatypes: ReadonlyMap<string, Datatype> = new Map([
  ...Object.entries(elementTypes).map(([ours, theirs]): [string, Datatype] => [theirs, ours as Datatype]),
  ['string', 'BYTES'],
]);

/** What a file declares, for a model that the binding cannot open. */
export function declaredFacts({ inputs, outputs, overridable }: DeclaredGraph): ModelFacts {
  const required = inputs.filter(({ name }) => !overridable.has(name));
  const facts = (values: readonly DeclaredValue[]): IoFacts[] => values.map(toDeclaredFacts);
  return {
    inputs: facts(required),
    outputs: facts(outputs),
    initializers: facts(inputs.filter(({ name }) => overridable.has(name))),
  };
}

function toDeclaredFacts({ name, onnxType, elementType, shape }: DeclaredValue): IoFacts {
  if (onnxType !== 'ONNX_TYPE_TENSOR') return { kind: 'other', name, onnxType };
  return {
    kind: 'tensor',
    name,
    datatype: elements[elementType]?.[1],
    elementType: elementName(elementType),
    shape: shape ?? [],
    ranked: shape !== undefined,
  };
}

export interface OpenedMetadata {
  readonly inputs: readonly ValueMetadata[];
  readonly outputs: readonly ValueMetadata[];
  /** Inputs that were initializers in the file. */
  readonly overridden?: ReadonlySet<string>;
}

/** What ONNX Runtime says of an opened model, whose shapes it has inferred, and the file beside it. */
export function openedFacts(
  { inputs, outputs, overridden }: OpenedMetadata,
  graph?: DeclaredGraph,
): ModelFacts {
  const known = new Map([...(graph?.inputs ?? []), ...(graph?.outputs ?? [])].map((one) => [one.name, one]));
  const facts = (value: ValueMetadata): IoFacts => toOpenedFacts(value, known.get(value.name));
  const isOverridden = ({ name }: { name: string }): boolean => overridden?.has(name) === true;
  const listed = new Set(inputs.map(({ name }) => name));
  const unlisted = (graph?.inputs ?? []).filter(
    ({ name }) => graph?.overridable.has(name) === true && !listed.has(name),
  );
  return {
    inputs: inputs.filter((value) => !isOverridden(value)).map(facts),
    outputs: outputs.map(facts),
    initializers: [...inputs.filter(isOverridden).map(facts), ...unlisted.map(toDeclaredFacts)],
  };
}

function toOpenedFacts(value: ValueMetadata, declared: DeclaredValue | undefined): IoFacts {
  const { name } = value;
  if (!value.isTensor) return { kind: 'other', name, onnxType: declared?.onnxType ?? 'ONNX_TYPE_UNKNOWN' };
  const shape = value.shape.map((dim) => (typeof dim === 'number' ? dim : -1));
  return {
    kind: 'tensor',
    name,
    datatype: datatypes.get(value.type),
    elementType: elements[declared?.elementType ?? 0]?.[0] ?? value.type,
    shape,
    // The binding shows a scalar and a tensor of unknown rank alike; the file tells them apart.
    ranked: shape.length > 0 || declared?.shape !== undefined,
  };
}
