import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';
import { fileURLToPath } from 'node:url';

/** A tensor to send; its bytes are made up. */
export interface TensorPlan {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly byteLength: number;
}

/** The one request that a load consists of. */
export interface RequestPlan {
  readonly model: string;
  readonly inputs: readonly TensorPlan[];
}

export const inferPath = '/inference.GRPCInferenceService/ModelInfer';

/** The proto files as they lie in the package, seen from the built code. */
export const protoFolder = fileURLToPath(new URL('../../../protos', import.meta.url));

/** The bytes of a ModelInferRequest. */
export function encodeRequest({ model, inputs }: RequestPlan): Buffer {
  return encodeMessage({
    model_name: model,
    inputs: inputs.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
    raw_input_contents: inputs.map(({ byteLength }) => madeUpBytes(byteLength)),
  });
}

/** The bytes of a ModelInferRequest whose fields are named as in the proto file. */
export function encodeMessage(message: object): Buffer {
  const loaded = loadSync('grpc_service.proto', { includeDirs: [protoFolder], keepCase: true });
  const service = loaded['inference.GRPCInferenceService'] as ServiceDefinition;
  const method = service['ModelInfer'];
  if (method === undefined) throw new Error('The proto file has no ModelInfer. This is a bug.');
  return method.requestSerialize(message);
}

/** Small numbers in every datatype, and different from each other, so that a mix-up would show. */
function madeUpBytes(byteLength: number): Buffer {
  const bytes = Buffer.alloc(byteLength);
  for (let i = 0; i < byteLength; i += 4) bytes[i] = (i / 4) % 64;
  return bytes;
}
