import { ScalarType, type DescEnum } from '@bufbuild/protobuf';
import { hintEnumValue } from './hints.js';
import { TextFault } from './fault.js';
import { floatValue, integerValue } from './numbers.js';
import { stringBytes } from './strings.js';
import type { TextTokens } from './tokens.js';

/** What a field holds that is not a message. */
export type PlainType =
  | { readonly kind: 'scalar'; readonly scalar: ScalarType }
  | { readonly kind: 'enum'; readonly desc: DescEnum };

const int32Max = 0x7fffffffn;
const uint32Max = 0xffffffffn;
const int64Max = 0x7fffffffffffffffn;
const uint64Max = 0xffffffffffffffffn;

/** Reads the value of a field in protobuf's text format; faults have C++'s words. */
export function readPlain(tokens: TextTokens, type: PlainType, field: string): unknown {
  if (type.kind === 'enum') return readEnum(tokens, type.desc, field);
  switch (type.scalar) {
    case ScalarType.STRING:
      return readString(tokens);
    case ScalarType.BOOL:
      return readBool(tokens, field);
    case ScalarType.FLOAT:
      return Math.fround(readDouble(tokens));
    case ScalarType.DOUBLE:
      return readDouble(tokens);
    case ScalarType.INT32:
      return Number(readSigned(tokens, int32Max));
    case ScalarType.INT64:
      return readSigned(tokens, int64Max);
    case ScalarType.UINT32:
      return Number(readUnsigned(tokens, uint32Max));
    case ScalarType.UINT64:
      return readUnsigned(tokens, uint64Max);
    default:
      throw new Error(`The schema has a field of scalar type ${type.scalar}. This is a bug.`);
  }
}

function expected({ current }: TextTokens, what: string): TextFault {
  return new TextFault(`Expected ${what}, got: ${current.text}`, current.offset);
}

function readSigned(tokens: TextTokens, max: bigint): bigint {
  return tokens.take('-') ? -readUnsigned(tokens, max + 1n) : readUnsigned(tokens, max);
}

function readUnsigned(tokens: TextTokens, max: bigint): bigint {
  const { kind, text, offset } = tokens.current;
  if (kind !== 'integer') throw expected(tokens, 'integer');
  const value = integerValue(text);
  if (value > max) throw new TextFault(`Integer out of range (${text})`, offset);
  tokens.next();
  return value;
}

const doubleNames: Readonly<Record<string, number>> = { inf: Infinity, infinity: Infinity, nan: Number.NaN };

function readDouble(tokens: TextTokens): number {
  const sign = tokens.take('-') ? -1 : 1;
  const { kind, text, offset } = tokens.current;
  let value: number | undefined;
  if (kind === 'integer') {
    if (/^0[0-9xX]/.test(text)) throw new TextFault(`Expect a decimal number, got: ${text}`, offset);
    value = floatValue(text);
  } else if (kind === 'float') {
    value = floatValue(text);
  } else if (kind === 'identifier') {
    value = doubleNames[text.toLowerCase()];
  }
  if (value === undefined) {
    throw new TextFault(`Expected double, got: ${kind === 'identifier' ? text.toLowerCase() : text}`, offset);
  }
  tokens.next();
  return sign * value;
}

function readBool(tokens: TextTokens, field: string): boolean {
  if (tokens.current.kind === 'integer') return readUnsigned(tokens, 1n) === 1n;
  if (tokens.current.kind !== 'identifier') throw expected(tokens, 'identifier');
  // C++ looks at the word when it has taken it, and says the place of what follows.
  const { text } = tokens.next();
  if (['true', 'True', 't'].includes(text)) return true;
  if (['false', 'False', 'f'].includes(text)) return false;
  throw new TextFault(
    `Invalid value for boolean field "${field}". Value: "${text}".`,
    tokens.current.offset,
    'write true or false, in small letters',
  );
}

function readEnum(tokens: TextTokens, desc: DescEnum, field: string): number {
  const { kind, text } = tokens.current;
  if (kind === 'integer' || text === '-') return Number(readSigned(tokens, int32Max));
  if (kind !== 'identifier') throw expected(tokens, 'integer or identifier');
  tokens.next();
  const value = desc.values.find(({ name }) => name === text);
  if (value !== undefined) return value.number;
  throw new TextFault(
    `Unknown enumeration value of "${text}" for field "${field}".`,
    tokens.current.offset,
    hintEnumValue(text, desc),
  );
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Literals that follow each other are one string. */
function readString(tokens: TextTokens): string {
  const { offset } = tokens.current;
  if (tokens.current.kind !== 'string') throw expected(tokens, 'string');
  const parts: Buffer[] = [];
  while (tokens.current.kind === 'string') parts.push(stringBytes(tokens.next().text));
  try {
    return utf8.decode(Buffer.concat(parts));
  } catch {
    throw new TextFault('String is not UTF-8.', offset, 'its escapes make bytes that are no character');
  }
}
