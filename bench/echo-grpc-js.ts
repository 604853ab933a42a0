import { Server, ServerCredentials, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';
import { protoFolder } from '../src/loadtest/payload.js';
import { announcePort } from './server-process.js';

interface NamedTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly string[];
}

interface Request {
  readonly model_name: string;
  readonly model_version: string;
  readonly id: string;
  readonly inputs: readonly NamedTensor[];
  readonly raw_input_contents: readonly Buffer[];
}

/** An echo of ModelInfer on grpc-js and proto-loader, written as their guides write a service. */
function modelInfer(call: ServerUnaryCall<Request, object>, respond: sendUnaryData<object>): void {
  const { model_name, model_version, id, inputs, raw_input_contents } = call.request;
  respond(null, {
    model_name,
    model_version,
    id,
    outputs: inputs.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
    raw_output_contents: raw_input_contents,
  });
}

const loaded = loadSync('grpc_service.proto', {
  includeDirs: [protoFolder],
  keepCase: true,
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
});
const server = new Server({ 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 });
server.addService(loaded['inference.GRPCInferenceService'] as ServiceDefinition, { modelInfer });
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  announcePort(port);
});
