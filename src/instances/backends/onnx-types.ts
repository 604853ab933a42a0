import type { Tensor as OrtTensor } from 'onnxruntime-node';
import type { Datatype } from '../../tensors/datatype.js';

/** ONNX Runtime's name of each datatype that its Node binding carries. */
export const elementTypes: Readonly<Partial<Record<Datatype, Exclude<OrtTensor.Type, 'string'>>>> = {
  BOOL: 'bool',
  UINT8: 'uint8',
  UINT16: 'uint16',
  UINT32: 'uint32',
  UINT64: 'uint64',
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  FP16: 'float16',
  FP32: 'float32',
  FP64: 'float64',
};

type Elements = Exclude<OrtTensor.DataType, string[]>;

const arrays: Readonly<Partial<Record<Datatype, new (...args: [ArrayBuffer, number, number]) => Elements>>> =
  {
    BOOL: Uint8Array,
    UINT8: Uint8Array,
    UINT16: Uint16Array,
    UINT32: Uint32Array,
    UINT64: BigUint64Array,
    INT8: Int8Array,
    INT16: Int16Array,
    INT32: Int32Array,
    INT64: BigInt64Array,
    FP16: Uint16Array,
    FP32: Float32Array,
    FP64: Float64Array,
  };

/** The typed array of a datatype over an aligned part of a slot. */
export function arrayOver(
  datatype: Datatype,
  slot: ArrayBufferLike,
  { offset, byteLength }: { offset: number; byteLength: number },
): Elements {
  const constructor = arrays[datatype];
  if (constructor === undefined) throw new Error(`${datatype} is not a numeric type. This is a bug.`);
  const width = (constructor as unknown as { BYTES_PER_ELEMENT: number }).BYTES_PER_ELEMENT;
  return new constructor(slot as ArrayBuffer, offset, byteLength / width);
}

/**
 * A tensor as the binding takes it. Where Node has a Float16Array (24) the library makes one of FP16 data,
 * which its own binding takes for empty: it gets the bytes under the type that it knows.
 */
export function asFed(tensor: OrtTensor): OrtTensor {
  if (tensor.type !== 'float16') return tensor;
  const { buffer, byteOffset, byteLength } = tensor.data as ArrayBufferView;
  const array = new Uint16Array(buffer, byteOffset, byteLength / Uint16Array.BYTES_PER_ELEMENT);
  (tensor as unknown as { cpuData: typeof array }).cpuData = array;
  return tensor;
}
