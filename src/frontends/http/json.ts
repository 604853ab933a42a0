import { noMembers, noSuchMember, wrongJsonKind } from './json-errors.js';

/**
 * A JSON value as it was received. Text stays the UTF-8 bytes that it came in, for most of it goes into a tensor or
 * a file; numbers keep their digits, so that 64 bits stay exact.
 */
export type JsonValue = null | boolean | JsonNumber | Uint8Array | readonly JsonValue[] | JsonObject;

export class JsonNumber {
  /** As written; `NaN`, `Inf` and `Infinity` too, which Triton takes. */
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** The whole number that it is written as; undefined with a point, an exponent or more digits than 64 bits need. */
  get whole(): bigint | undefined {
    return /^-?\d{1,20}$/.test(this.text) ? BigInt(this.text) : undefined;
  }

  get double(): number {
    const [, minus = '', name] = /^(-?)(NaN|Inf(?:inity)?)$/.exec(this.text) ?? [];
    if (name === undefined) return Number(this.text);
    return name === 'NaN' ? NaN : minus === '' ? Infinity : -Infinity;
  }
}

/** Members in their order; a name may come twice, and `find` gives the first then. */
export class JsonObject {
  readonly members: readonly (readonly [name: string, value: JsonValue])[];

  constructor(members: JsonObject['members']) {
    this.members = members;
  }

  find(name: string): JsonValue | undefined {
    return this.members.find(([one]) => one === name)?.[1];
  }
}

export function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

export function asBytes(value: JsonValue): Uint8Array {
  if (!(value instanceof Uint8Array)) throw wrongJsonKind('string');
  return value;
}

/** Bytes that are no UTF-8 become the sign for it. */
export function asText(value: JsonValue): string {
  const { buffer, byteOffset, byteLength } = asBytes(value);
  return Buffer.from(buffer, byteOffset, byteLength).toString();
}

export function asBoolean(value: JsonValue): boolean {
  if (typeof value !== 'boolean') throw wrongJsonKind('boolean');
  return value;
}

const int64 = { least: -(2n ** 63n), most: 2n ** 63n - 1n };
const uint64Most = 2n ** 64n - 1n;

/** Whether a value is a whole number of 64 bits with a sign. */
export function isInt(value: JsonValue): value is JsonNumber {
  if (!(value instanceof JsonNumber)) return false;
  const { whole } = value;
  return whole !== undefined && whole >= int64.least && whole <= int64.most;
}

export function asInt(value: JsonValue): bigint {
  if (!isInt(value)) throw wrongJsonKind('signed');
  return BigInt(value.text);
}

export function asUint(value: JsonValue): bigint {
  const whole = value instanceof JsonNumber ? value.whole : undefined;
  if (whole === undefined || whole < 0n || whole > uint64Most) throw wrongJsonKind('unsigned');
  return whole;
}

export function asDouble(value: JsonValue): number {
  if (!(value instanceof JsonNumber)) throw wrongJsonKind('double');
  return value.double;
}

export function asObject(value: JsonValue): JsonObject {
  if (!(value instanceof JsonObject)) throw wrongJsonKind('object');
  return value;
}

export function asArray(value: JsonValue): readonly JsonValue[] {
  if (!isArray(value)) throw wrongJsonKind('array');
  return value;
}

/** A member that must be there. */
export function memberOf(value: JsonValue, name: string): JsonValue {
  const found = value instanceof JsonObject ? value.find(name) : undefined;
  if (found === undefined) throw noSuchMember(name);
  return found;
}

/** A member that may be there; what is no object has none. */
export function findMember(value: JsonValue, name: string): JsonValue | undefined {
  return value instanceof JsonObject ? value.find(name) : undefined;
}

export function membersOf(value: JsonValue): JsonObject['members'] {
  if (!(value instanceof JsonObject)) throw noMembers();
  return value.members;
}
