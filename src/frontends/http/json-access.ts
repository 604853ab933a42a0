import { InferenceError } from '../../inference/error.js';
import {
  accessText,
  isArray,
  isInteger,
  missingText,
  type JsonInteger,
  type JsonObject,
  type JsonValue,
  type Wanted,
} from './codec/json-value.js';

/** The error of a member that is not what it should be; Triton calls that an internal one. */
export function unparsable(subject: string, text: string): InferenceError {
  return new InferenceError('internal', `${subject}: ${text}`);
}

/** The member of an object that must have it. */
export function member(object: JsonObject, name: string): JsonValue {
  const value = object.get(name);
  if (value === undefined) throw unparsable(`Unable to parse '${name}'`, missingText(name));
  return value;
}

export function asString(value: JsonValue, name: string): string {
  if (typeof value !== 'string') throw wrong(name, 'string');
  return value;
}

export function asBoolean(value: JsonValue, name: string): boolean {
  if (typeof value !== 'boolean') throw wrong(name, 'boolean');
  return value;
}

export function asUnsigned(value: JsonValue, name: string): JsonInteger {
  if (!isInteger(value) || value < 0) throw wrong(name, 'unsigned');
  return value;
}

export function asArray(value: JsonValue, name: string): readonly JsonValue[] {
  if (!isArray(value)) throw wrong(name, 'array');
  return value;
}

function wrong(name: string, wanted: Wanted): InferenceError {
  return unparsable(`Unable to parse '${name}'`, accessText(wanted));
}
