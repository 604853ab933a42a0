import { ScalarType, type DescField, type DescMessage } from '@bufbuild/protobuf';
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect';
import type { PlainType } from './values.js';

/** A message that is being read: a real one, or an entry of a map, which text writes as if it were one. */
export interface Target {
  readonly typeName: string;
  readonly names: readonly string[];
  find(name: string): TargetField | undefined;
  /** What its owner keeps when it has been read. */
  value(): unknown;
  /** What tells it from its neighbours in a map, once it is known. */
  key?(): string | undefined;
}

export interface TargetField {
  readonly type: PlainType | { readonly kind: 'message'; readonly open: () => Target };
  readonly repeated: boolean;
  /** Why it may not be given (again), in C++'s words. */
  conflict(): string | undefined;
  add(value: unknown): void;
}

/** A new message whose fields can be found by name and filled. */
export function openMessage(desc: DescMessage): Target {
  const message = reflect(desc, undefined, false);
  return {
    typeName: desc.typeName,
    names: desc.fields.map(({ name }) => name),
    find: (name) => {
      const field = desc.fields.find((one) => one.name === name);
      return field === undefined ? undefined : toTargetField(message, field);
    },
    value: () => message,
  };
}

function toTargetField(message: ReflectMessage, field: DescField): TargetField {
  if (field.fieldKind === 'list') {
    return {
      type: elementType(field),
      repeated: true,
      conflict: () => undefined,
      add: (value) => message.get(field).add(value),
    };
  }
  if (field.fieldKind === 'map') {
    const typeName = `${message.desc.typeName}.${entryName(field.name)}`;
    return {
      type: { kind: 'message', open: () => openEntry(field, typeName) },
      repeated: true,
      conflict: () => undefined,
      add: (value) => {
        const [key, held] = value as MapEntry;
        message.get(field).set(key, held);
      },
    };
  }
  return {
    type: singularType(field),
    repeated: false,
    conflict: () => findConflict(message, field),
    add: (value) => message.set(field, value),
  };
}

/** `priority_queue_policy` has entries of the type `PriorityQueuePolicyEntry`. */
function entryName(field: string): string {
  const words = field.split('_').map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return `${words.join('')}Entry`;
}

function singularType(field: DescField & { fieldKind: 'scalar' | 'enum' | 'message' }): TargetField['type'] {
  if (field.fieldKind === 'scalar') return { kind: 'scalar', scalar: field.scalar };
  if (field.fieldKind === 'enum') return { kind: 'enum', desc: field.enum };
  return { kind: 'message', open: () => openMessage(field.message) };
}

function elementType(field: DescField & { fieldKind: 'list' }): TargetField['type'] {
  if (field.listKind === 'scalar') return { kind: 'scalar', scalar: field.scalar };
  if (field.listKind === 'enum') return { kind: 'enum', desc: field.enum };
  return { kind: 'message', open: () => openMessage(field.message) };
}

/** A number that is zero counts as not given: such fields do not know whether they were. */
function findConflict(message: ReflectMessage, field: DescField): string | undefined {
  if (message.isSet(field)) return `Non-repeated field "${field.name}" is specified multiple times.`;
  const other = field.oneof === undefined ? undefined : message.oneofCase(field.oneof);
  if (other === undefined) return undefined;
  return (
    `Field "${field.name}" is specified along with field "${other.name}", ` +
    `another member of oneof "${field.oneof?.name ?? ''}".`
  );
}

type MapEntry = readonly [key: string | bigint, value: unknown];
type MapField = DescField & { fieldKind: 'map' };

/** An entry of a map: what it leaves out has the value that its type has by itself. */
function openEntry(field: MapField, typeName: string): Target {
  const string = field.mapKey === ScalarType.STRING;
  const type = valueType(field);
  let key: string | bigint | undefined;
  let value: unknown;
  const repeat = (name: string): string => `Non-repeated field "${name}" is specified multiple times.`;
  const fields: Readonly<Record<string, TargetField>> = {
    key: {
      type: { kind: 'scalar', scalar: field.mapKey },
      repeated: false,
      conflict: () => (key === undefined ? undefined : repeat('key')),
      add: (read) => (key = read as string | bigint),
    },
    value: {
      type,
      repeated: false,
      conflict: () => (value === undefined ? undefined : repeat('value')),
      add: (read) => (value = read),
    },
  };
  return {
    typeName,
    names: Object.keys(fields),
    find: (name) => (Object.hasOwn(fields, name) ? fields[name] : undefined),
    value: (): MapEntry => [
      key ?? (string ? '' : 0n),
      value ?? (type.kind === 'message' ? type.open().value() : ''),
    ],
    key: () => (key === undefined ? undefined : String(key)),
  };
}

function valueType(field: MapField): TargetField['type'] {
  if (field.mapKind === 'message') {
    const { message } = field;
    return { kind: 'message', open: () => openMessage(message) };
  }
  if (field.mapKind === 'enum') return { kind: 'enum', desc: field.enum };
  return { kind: 'scalar', scalar: field.scalar };
}
