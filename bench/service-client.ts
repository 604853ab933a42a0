import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';
import { protoFolder } from '../src/loadtest/payload.js';

const definition = loadSync('grpc_service.proto', {
  includeDirs: [protoFolder],
  keepCase: true,
  longs: Number,
  defaults: true,
});
const service = definition['inference.GRPCInferenceService'] as ServiceDefinition;

/** Calls any unary method of a server, for what is asked beside a load. */
export class ServiceClient {
  readonly #client: Client;

  constructor(port: number) {
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  }

  /** The answer as the proto file describes it; rejects with grpc-js's error. A request may be encoded already. */
  call<Answer>(name: string, request: object): Promise<Answer> {
    const method = service[name];
    if (method === undefined) throw new Error(`The proto file has no ${name}. This is a bug.`);
    const { path, requestSerialize, responseDeserialize } = method;
    const serialize = Buffer.isBuffer(request) ? (bytes: object) => bytes as Buffer : requestSerialize;
    return new Promise((resolve, reject) => {
      const done = (error: ServiceError | null, value?: unknown): void => {
        if (error === null) resolve(value as Answer);
        else reject(error);
      };
      this.#client.makeUnaryRequest(path, serialize, responseDeserialize, request, done);
    });
  }

  close(): void {
    this.#client.close();
  }
}
