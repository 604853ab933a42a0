import { create, ScalarType, type DescEnum, type DescField, type DescMessage } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { ModelConfigSchema, type ModelConfig } from '../../src/generated/model_config_pb.js';

/** Any config that the schema allows: every field, every member of every oneof, any characters. */
export const anyConfig: fc.Arbitrary<ModelConfig> = fc
  .constant(undefined)
  .chain(() => anyMessage(ModelConfigSchema))
  .map((init) => create(ModelConfigSchema, init));

type Fields = Record<string, unknown>;

function anyMessage(desc: DescMessage): fc.Arbitrary<Fields> {
  const plain = desc.fields.filter(({ oneof }) => oneof === undefined);
  const members: Record<string, fc.Arbitrary<unknown>> = Object.fromEntries(
    plain.map((field) => [field.localName, anyField(field)]),
  );
  for (const { localName, fields } of desc.oneofs) {
    const choices = fields.map((field) => anyOne(field).map((value) => ({ case: field.localName, value })));
    members[localName] = fc.oneof(fc.constant({ case: undefined }), ...choices);
  }
  return fc.record(members, { requiredKeys: [] });
}

function anyField(field: DescField): fc.Arbitrary<unknown> {
  if (field.fieldKind === 'list') return fc.array(anyOne(field), { maxLength: 3 });
  if (field.fieldKind !== 'map') return anyOne(field);
  const key =
    field.mapKey === ScalarType.STRING
      ? fc.oneof(anyText, fc.constantFrom('', '0', 'a.b', '["x"]', 'constructor', '__proto__'))
      : fc.bigInt(0n, 2n ** 64n - 1n).map(String);
  return fc
    .array(fc.tuple(key, anyOne(field)), { maxLength: 3 })
    .map((entries) => Object.fromEntries(entries));
}

function anyOne(field: DescField): fc.Arbitrary<unknown> {
  if (field.message !== undefined) return anyMessage(field.message);
  if (field.enum !== undefined) return anyEnum(field.enum);
  return anyScalar(field.scalar ?? ScalarType.STRING);
}

/** Numbers without a name are values too. */
function anyEnum({ values }: DescEnum): fc.Arbitrary<number> {
  const names = values.map(({ number }) => number);
  return fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...names) },
    { weight: 1, arbitrary: fc.integer() },
  );
}

const anyText = fc.string({ unit: 'binary', maxLength: 12 });

function anyScalar(type: ScalarType): fc.Arbitrary<unknown> {
  switch (type) {
    case ScalarType.STRING:
      return anyText;
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.FLOAT:
      return fc.float();
    case ScalarType.DOUBLE:
      return fc.double();
    case ScalarType.INT32:
      return fc.integer();
    case ScalarType.UINT32:
      return fc.nat(0xffffffff);
    case ScalarType.INT64:
      return fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n);
    case ScalarType.UINT64:
      return fc.bigInt(0n, 2n ** 64n - 1n);
    default:
      throw new Error(`no values of scalar type ${type}`);
  }
}
