import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, type DescriptorProto } from '@bufbuild/protobuf/wkt';
import { loadDefinitions } from '../../../src/frontends/grpc/definitions.js';
import { giveProtocNames } from '../../../src/frontends/grpc/protoc-names.js';

const files = loadDefinitions().fileDescriptors.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
for (const file of files) giveProtocNames(file);

function withNested(messages: readonly DescriptorProto[]): readonly DescriptorProto[] {
  return messages.flatMap((message) => [message, ...withNested(message.nestedType)]);
}

const messages = withNested(files.flatMap((file) => file.messageType));

test('every map has an entry of the name that protoc gives it', () => {
  const maps = messages.flatMap((message) =>
    message.nestedType
      .filter(({ options }) => options?.mapEntry === true)
      .map((entry) => {
        const field = message.field.find(({ typeName }) => typeName === entry.name);
        return `${message.name}.${field?.name}: ${entry.name}`;
      }),
  );
  assert.ok(maps.includes('ModelInferRequest.parameters: ParametersEntry'));
  assert.ok(maps.includes('Step.input_map: InputMapEntry'));
  assert.ok(maps.includes('ModelConfig.cc_model_filenames: CcModelFilenamesEntry'));
  assert.ok(maps.every((map) => /: ([A-Z][A-Za-z0-9]*)Entry$/.test(map)));
});

test('every field has its name in JSON', () => {
  const names = new Map(
    messages.flatMap(({ name, field }) => field.map((one) => [`${name}.${one.name}`, one.jsonName])),
  );
  assert.equal(names.get('ModelInferRequest.raw_input_contents'), 'rawInputContents');
  assert.equal(names.get('ModelInferRequest.id'), 'id');
  assert.equal(names.get('InferTensorContents.fp32_contents'), 'fp32Contents');
  assert.ok([...names.values()].every((name) => name !== undefined && /^[a-z][A-Za-z0-9]*$/.test(name)));
});
