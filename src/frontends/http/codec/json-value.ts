/** An array or object that was read, down to its leaves. */
export type JsonValue =
  | null
  | boolean
  | string
  /** Of 64 bits: a number where that is exact. */
  | JsonInteger
  | JsonDouble
  | readonly JsonValue[]
  | JsonObject;

export type JsonInteger = number | bigint;

/** A number that was written with a fraction or an exponent, or is more than 64 bits hold. */
export interface JsonDouble {
  readonly double: number;
}

/** Of a name that comes twice the first value counts. */
export type JsonObject = ReadonlyMap<string, JsonValue>;

/** What an access that fails says, by what was wanted. */
const accessTexts = {
  string: 'attempt to access JSON non-string as string',
  boolean: 'attempt to access JSON non-boolean as boolean',
  unsigned: 'attempt to access JSON non-unsigned-integer as unsigned-integer',
  signed: 'attempt to access JSON non-signed-integer as signed-integer',
  double: 'attempt to access JSON non-number as double',
  array: 'attempt to access JSON non-array as array',
  object: 'attempt to access JSON non-object as object',
} as const;

export type Wanted = keyof typeof accessTexts;

export function accessText(wanted: Wanted): string {
  return accessTexts[wanted];
}

export function missingText(name: string): string {
  return `attempt to access non-existing object member '${name}'`;
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return value instanceof Map;
}

export function isInteger(value: JsonValue | undefined): value is JsonInteger {
  return typeof value === 'number' || typeof value === 'bigint';
}

export function isArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

export function isDouble(value: JsonValue | undefined): value is JsonDouble {
  return typeof value === 'object' && value !== null && 'double' in value;
}
