import { create, createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import {
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  type DescriptorProto,
} from '@bufbuild/protobuf/wkt';
import { loadDefinitions } from '../../../../src/frontends/grpc/definitions.js';
import { schema } from './schema.js';

const files = loadDefinitions()
  .fileDescriptors.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes))
  .filter((file) => file.package === 'inference')
  // Imported files first.
  .sort((a, b) => a.dependency.length - b.dependency.length);

for (const file of files) {
  for (const message of file.messageType) qualify(message, `.${file.package}`);
  for (const { method } of file.service) {
    for (const one of method) {
      one.inputType = fullName(one.inputType, `.${file.package}`);
      one.outputType = fullName(one.outputType, `.${file.package}`);
    }
  }
}

/** The messages of the inference service by a library that follows the specification to the letter. */
export const twin = createFileRegistry(create(FileDescriptorSetSchema, { file: files }));

/** The descriptors name types as the proto file does; here they need their full names. */
function qualify(message: DescriptorProto, scope: string): void {
  const name = `${scope}.${message.name}`;
  const nested = message.nestedType.map((one) => one.name);
  for (const field of message.field) {
    if (nested.includes(field.typeName)) field.typeName = `${name}.${field.typeName}`;
    else field.typeName = fullName(field.typeName, name);
  }
  for (const one of message.nestedType) qualify(one, name);
}

function fullName(name: string, scope: string): string {
  if (name === '' || name.startsWith('.')) return name;
  for (let around = scope; around !== ''; around = around.slice(0, around.lastIndexOf('.'))) {
    const found = schema.lookup(`${around}.${name}`);
    if (found !== null) return found.fullName;
  }
  throw new Error(`there is no ${name} in ${scope}`);
}
