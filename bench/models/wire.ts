/** Pieces of a protobuf message: fields in order, each already encoded. */
export type Fields = readonly Uint8Array[];

const lengthDelimited = 2;

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

/** A whole number from 0 up to 2^53. */
export function integer(field: number, value: number): Uint8Array {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

/** Bytes as a field; they are copied, which large weights are only twice in all. */
export function bytes(field: number, value: Uint8Array): Uint8Array {
  return Buffer.concat([varint(field * 8 + lengthDelimited), varint(value.byteLength), value]);
}

export function text(field: number, value: string): Uint8Array {
  return bytes(field, Buffer.from(value));
}

export function message(field: number, fields: Fields): Uint8Array {
  return bytes(field, Buffer.concat(fields));
}

/** Numbers as one packed field. */
export function packed(field: number, values: readonly number[]): Uint8Array {
  return bytes(field, Buffer.concat(values.map(varint)));
}
