import {
  fromJson,
  ScalarType,
  type DescEnum,
  type DescField,
  type DescMessage,
  type JsonValue,
} from '@bufbuild/protobuf';
import { ModelConfigSchema, type ModelConfig } from '../generated/model_config_pb.js';
import { invalidArgument } from '../inference/error.js';
import { nearest } from './nearest.js';
import { hintEnumValue } from './text/hints.js';

/**
 * Reads a config's JSON: names as in config.pbtxt or in camel case, enum values in any case or by number,
 * 64-bit integers as numbers or strings. What cannot be read fails as Triton's override of a config does.
 */
export function parseModelConfigJson(text: string): ModelConfig {
  try {
    const json = JSON.parse(keepIntegers(text)) as JsonValue;
    return fromJson(ModelConfigSchema, toReadable(json, ModelConfigSchema, ''), {
      ignoreUnknownFields: false,
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw invalidArgument(`Invalid config override: ${message}`);
  }
}

/** Integers that a JavaScript number would round, as strings: a field of 64 bits takes both. */
function keepIntegers(text: string): string {
  return text.replaceAll(/"(?:\\.|[^"\\])*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g, (token) =>
    /^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token,
  );
}

/** The same JSON with names as the library wants them; unknown ones fail with the place and the nearest known. */
function toReadable(json: JsonValue, desc: DescMessage, path: string): JsonValue {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) {
    throw new Error(`${path === '' ? 'the config' : path} must be an object, as in {}`);
  }
  const read: Record<string, JsonValue> = {};
  for (const [name, value] of Object.entries(json)) {
    const field = desc.fields.find((one) => one.name === name || one.jsonName === name);
    const place = path === '' ? name : `${path}.${name}`;
    if (field === undefined) throw new Error(describeUnknown(place, desc, name));
    if (Object.hasOwn(read, field.name)) throw new Error(`${place} is given twice`);
    if (value !== null) read[field.name] = readField(value, field, place);
  }
  return read;
}

function describeUnknown(place: string, desc: DescMessage, name: string): string {
  const meant = nearest(
    name,
    desc.fields.map((field) => field.name),
  );
  const hint = meant === undefined ? '' : ` (did you mean '${meant}'?)`;
  return `${place}: message type "${desc.typeName}" has no field named "${name}"${hint}`;
}

function readField(value: JsonValue, field: DescField, path: string): JsonValue {
  switch (field.fieldKind) {
    case 'list': {
      if (!Array.isArray(value)) throw new Error(`${path} must be a list, as in []`);
      return value.map((element, at) => readValue(element, field, `${path}[${at}]`));
    }
    case 'map': {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        throw new Error(`${path} must be an object, as in {}`);
      }
      return Object.fromEntries(
        Object.entries(value).map(([key, held]) => [key, readValue(held, field, `${path}["${key}"]`)]),
      );
    }
    default:
      return readValue(value, field, path);
  }
}

function readValue(value: JsonValue, field: DescField, path: string): JsonValue {
  const { message, enum: names, scalar } = field;
  if (message !== undefined) return toReadable(value, message, path);
  if (scalar === ScalarType.FLOAT && value !== '') return narrow(value);
  return names !== undefined && typeof value === 'string' ? readEnum(value, names, path) : value;
}

/** A number as a 32-bit float holds it; what is none, or too large for it, stays for the library to refuse. */
function narrow(value: JsonValue): JsonValue {
  const number = typeof value === 'number' || typeof value === 'string' ? Math.fround(Number(value)) : NaN;
  return Number.isFinite(number) ? number : value;
}

function readEnum(value: string, desc: DescEnum, path: string): string | number {
  if (/^-?\d+$/.test(value)) return Number(value);
  const known = desc.values.find(({ name }) => name === value.toUpperCase().replaceAll('-', '_'));
  if (known !== undefined) return known.name;
  throw new Error(
    `${path}: unknown value "${value}" of enum ${desc.typeName} (${hintEnumValue(value, desc)})`,
  );
}
