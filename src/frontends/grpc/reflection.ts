import { fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  FileDescriptorProtoSchema,
  type DescriptorProto,
  type FileDescriptorProto,
} from '@bufbuild/protobuf/wkt';
import { reflectionServices, type Definitions } from './definitions.js';
import { giveProtocNames } from './protoc-names.js';
import type { Intake } from './intake.js';
import type { ReflectionRequest, ReflectionResponse } from './messages.js';
import type { Method, StreamCall, StreamHandler } from './transport.js';

/** gRPC's code for what is not there. */
const notFound = 5;
const unimplemented = 12;

/** Server reflection, so that grpcurl and ghz need no proto files. */
export function reflectionMethods(definitions: Definitions, intake: Intake): Method[] {
  const files = new FileTable(definitions.fileDescriptors);
  return reflectionServices.map((service) => {
    const { path, codec } = definitions.method(service, 'ServerReflectionInfo');
    return {
      kind: 'stream',
      path,
      codec,
      clientStreams: true,
      open: (call: StreamCall<ReflectionResponse>) => reflect(call, { files, definitions, intake }),
    };
  });
}

interface Reflection {
  readonly files: FileTable;
  readonly definitions: Definitions;
  readonly intake: Intake;
}

/** Answers until the client ends the call or the server begins to leave: a drain waits for calls. */
function reflect(
  call: StreamCall<ReflectionResponse>,
  { files, definitions, intake }: Reflection,
): StreamHandler<ReflectionRequest> {
  const end = (): void => {
    forget();
    call.end();
  };
  const forget = intake.onStop(end);
  if (intake.stopped) end();
  call.onCancel = forget;
  return {
    onMessage: (request) => {
      if (!call.write(answer(request, files, definitions.services))) call.pause();
    },
    onEnd: end,
    onDrain: () => call.resume(),
  };
}

function answer(
  request: ReflectionRequest,
  files: FileTable,
  services: readonly string[],
): ReflectionResponse {
  const base = { valid_host: request.host, original_request: request };
  const found = (bytes: readonly Uint8Array[], what: string): ReflectionResponse =>
    bytes.length === 0
      ? { ...base, error_response: { error_code: notFound, error_message: `${what} not found` } }
      : { ...base, file_descriptor_response: { file_descriptor_proto: bytes } };
  switch (request.message_request) {
    case 'list_services':
      return { ...base, list_services_response: { service: services.map((name) => ({ name })) } };
    case 'file_by_filename':
      return found(files.byName(request.file_by_filename ?? ''), `File ${request.file_by_filename}`);
    case 'file_containing_symbol':
      return found(
        files.bySymbol(request.file_containing_symbol ?? ''),
        `Symbol ${request.file_containing_symbol}`,
      );
    case 'file_containing_extension':
    case 'all_extension_numbers_of_type':
      return found([], 'Extension');
    default:
      return {
        ...base,
        error_response: { error_code: unimplemented, error_message: 'empty reflection request' },
      };
  }
}

/** The proto files by name and by every symbol that they declare, each with those that it imports. */
class FileTable {
  readonly #files = new Map<string, { file: FileDescriptorProto; bytes: Uint8Array }>();
  readonly #bySymbol = new Map<string, string>();

  constructor(descriptors: readonly Uint8Array[]) {
    for (const described of descriptors) {
      const file = fromBinary(FileDescriptorProtoSchema, described);
      giveProtocNames(file);
      this.#files.set(file.name, { file, bytes: toBinary(FileDescriptorProtoSchema, file) });
      for (const symbol of symbolsOf(file)) this.#bySymbol.set(symbol, file.name);
    }
  }

  byName(name: string): Uint8Array[] {
    const seen = new Set<string>();
    const collect = (one: string): Uint8Array[] => {
      const known = this.#files.get(one);
      if (known === undefined || seen.has(one)) return [];
      seen.add(one);
      return [known.bytes, ...known.file.dependency.flatMap(collect)];
    };
    return collect(name);
  }

  bySymbol(symbol: string): Uint8Array[] {
    const file = this.#bySymbol.get(symbol);
    return file === undefined ? [] : this.byName(file);
  }
}

function symbolsOf(file: FileDescriptorProto): string[] {
  const within = (scope: string, name: string): string => (scope === '' ? name : `${scope}.${name}`);
  const fromMessage = (scope: string, message: DescriptorProto): string[] => {
    const name = within(scope, message.name);
    return [
      name,
      ...message.field.map((field) => `${name}.${field.name}`),
      ...message.enumType.map((one) => `${name}.${one.name}`),
      ...message.nestedType.flatMap((nested) => fromMessage(name, nested)),
    ];
  };
  return [
    ...file.messageType.flatMap((message) => fromMessage(file.package, message)),
    ...file.enumType.map((one) => within(file.package, one.name)),
    ...file.service.flatMap((service) => {
      const name = within(file.package, service.name);
      return [name, ...service.method.map((method) => `${name}.${method.name}`)];
    }),
  ];
}
