/** One field of an encoded protobuf message; `body` is there for those that have a length, `value` for varints. */
export interface Field {
  readonly number: number;
  readonly whole: Uint8Array;
  readonly body: Uint8Array | undefined;
  readonly value: number | undefined;
}

/** Splits an encoded message into its fields, without a schema. Throws on what is not protobuf. */
export function* readFields(message: Uint8Array): Generator<Field> {
  for (let at = 0; at < message.byteLength;) {
    const start = at;
    const tag = readVarint(message, at);
    at = tag.end;
    const wireType = tag.value % 8;
    let body: Uint8Array | undefined;
    let value: number | undefined;
    if (wireType === 0) ({ value, end: at } = readVarint(message, at));
    else if (wireType === 1) at += 8;
    else if (wireType === 5) at += 4;
    else if (wireType === 2) {
      const length = readVarint(message, at);
      at = length.end + length.value;
      body = message.subarray(length.end, at);
    } else throw new Error(`unexpected wire type ${wireType} at byte ${start}`);
    if (at > message.byteLength) throw new Error(`a field at byte ${start} goes beyond its message`);
    yield { number: Math.floor(tag.value / 8), whole: message.subarray(start, at), body, value };
  }
}

/** The text of the first field of a number; empty where there is none. */
export function readText(message: Uint8Array, number: number): string {
  for (const field of readFields(message)) {
    if (field.number === number && field.body !== undefined) return Buffer.from(field.body).toString();
  }
  return '';
}

/**
 * The same message with some fields' bodies replaced or, where `edit` gives back nothing, left out; `edit`
 * gives back the body that it was given to keep it.
 */
export function editFields(
  message: Uint8Array,
  edit: (number: number, body: Uint8Array) => Uint8Array | undefined,
): Uint8Array {
  const parts: Uint8Array[] = [];
  let changed = false;
  for (const { number, whole, body } of readFields(message)) {
    const edited = body && edit(number, body);
    if (edited === body) {
      parts.push(whole);
      continue;
    }
    changed = true;
    if (edited !== undefined) parts.push(writeField(number, edited));
  }
  return changed ? Buffer.concat(parts) : message;
}

/** A field that has a length. */
export function writeField(number: number, body: Uint8Array): Uint8Array {
  return Buffer.concat([writeVarint(number * 8 + 2), writeVarint(body.byteLength), body]);
}

/** A field that is a number. */
export function writeNumber(number: number, value: number): Uint8Array {
  return Buffer.concat([writeVarint(number * 8), writeVarint(value)]);
}

function readVarint(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  for (let at = start, factor = 1; at < bytes.byteLength && at < start + 10; at++, factor *= 128) {
    const byte = bytes[at] ?? 0;
    value += (byte & 127) * factor;
    if (byte < 128) return { value, end: at + 1 };
  }
  throw new Error(`a number at byte ${start} has no end`);
}

function writeVarint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Uint8Array.from([...bytes, rest]);
}
