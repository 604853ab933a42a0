import type { DescriptorProto, FileDescriptorProto } from '@bufbuild/protobuf/wkt';

/**
 * Gives a file that proto-loader described the names that protoc would have given: of the entries of
 * maps, and of fields in JSON. proto-loader calls the entry of `parameters` plainly `Parameters`, and
 * clients in Go refuse a map whose entry is not `ParametersEntry`; JSON names it leaves out, and
 * grpcurl then prints others than it does with the proto files themselves.
 */
export function giveProtocNames(file: FileDescriptorProto): void {
  for (const message of file.messageType) nameInside(message);
}

function nameInside(message: DescriptorProto): void {
  for (const nested of message.nestedType) {
    nameInside(nested);
    if (nested.options?.mapEntry !== true) continue;
    const field = message.field.find(({ typeName }) => typeName === nested.name);
    if (field === undefined) continue;
    nested.name = `${capital(camel(field.name))}Entry`;
    field.typeName = nested.name;
  }
  for (const field of message.field) field.jsonName = camel(field.name);
}

/** `input_map` becomes `inputMap`. */
function camel(name: string): string {
  return name.replace(/_+(.?)/g, (_, letter: string) => letter.toUpperCase());
}

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
