import { fileURLToPath } from 'node:url';
import { loadSync, type MethodDefinition, type ServiceDefinition } from '@grpc/proto-loader';
import { Reader } from './codec/reader.js';
import type { Codec, WireMessage } from './transport.js';

/** A method as its proto file declares it, with the codec that proto-loader makes for its messages. */
export interface Definition {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly codec: Codec<never, object>;
}

export interface Definitions {
  /** A method of a service by their names in the proto file. */
  method(service: string, name: string): Definition;
  readonly services: readonly string[];
  /** All methods of a service, by name. */
  methodNames(service: string): readonly string[];
  /** Serialized FileDescriptorProtos of everything that was loaded, for reflection. */
  readonly fileDescriptors: readonly Buffer[];
}

export const inferenceService = 'inference.GRPCInferenceService';
export const healthService = 'grpc.health.v1.Health';
export const reflectionServices = [
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
] as const;

const protoFolder = fileURLToPath(new URL('../../../../protos', import.meta.url));

const protoFiles = ['grpc_service.proto', 'health.proto', 'reflection_v1.proto', 'reflection_v1alpha.proto'];

/** Loads the proto files: once, at start-up, before anything listens. */
export function loadDefinitions(): Definitions {
  const loaded = loadSync(protoFiles, {
    includeDirs: [protoFolder],
    keepCase: true,
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  const services = [inferenceService, healthService, ...reflectionServices];
  const service = (name: string): ServiceDefinition => loaded[name] as ServiceDefinition;
  return {
    services,
    methodNames: (name) => Object.keys(service(name)),
    method(serviceName, name) {
      const definition = service(serviceName)[name];
      if (definition === undefined) throw new Error(`${serviceName} has no ${name}. This is a bug.`);
      return toDefinition(definition);
    },
    fileDescriptors: collectDescriptors(Object.values(loaded)),
  };
}

function toDefinition(definition: MethodDefinition<object, object>): Definition {
  const { path, requestStream, responseStream } = definition;
  return {
    path,
    requestStream,
    responseStream,
    codec: {
      decode: (bytes) => {
        checkWhole(bytes);
        return definition.requestDeserialize(bytes as Buffer) as never;
      },
      encode: (response): WireMessage => definition.responseSerialize(response),
    },
  };
}

/** The library takes a field that ends early for a shorter one, and forgives tags that are none. */
function checkWhole(bytes: Uint8Array): void {
  const reader = new Reader(bytes);
  while (!reader.done) reader.skip(reader.tag());
}

type Loaded = ReturnType<typeof loadSync>[string];

function collectDescriptors(loaded: readonly Loaded[]): Buffer[] {
  const found = new Map<string, Buffer>();
  for (const one of loaded) {
    if (!Array.isArray(one.fileDescriptorProtos)) continue;
    for (const bytes of one.fileDescriptorProtos) found.set(bytes.toString('latin1'), bytes);
  }
  return [...found.values()];
}
