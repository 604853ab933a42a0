import { expectOk, inferenceMethod, type AnyMessage, type Outcome, type TestClient } from './client.js';
import type { SharedObject } from './shared-object.js';

/** The parameters of a tensor that lies in shared memory. */
export function inRegion(region: string, byteSize: number, offset?: number): AnyMessage {
  return {
    shared_memory_region: { string_param: region },
    shared_memory_byte_size: { int64_param: byteSize },
    ...(offset === undefined ? {} : { shared_memory_offset: { int64_param: offset } }),
  };
}

/** A request of one input and one output. */
export interface Shared {
  readonly model?: string;
  readonly datatype?: string;
  readonly shape: readonly number[];
  readonly input: AnyMessage;
  readonly output?: AnyMessage;
}

export function sharedRequest({
  model = 'identity_fp32',
  datatype = 'FP32',
  shape,
  input,
  output,
}: Shared): AnyMessage {
  return {
    model_name: model,
    inputs: [{ name: 'INPUT0', datatype, shape, parameters: input }],
    ...(output === undefined ? {} : { outputs: [{ name: 'OUTPUT0', parameters: output }] }),
  };
}

export const floats = (...values: readonly number[]): Buffer => Buffer.from(new Float32Array(values).buffer);

/** The raw form of a BYTES tensor. */
export function texts(...elements: readonly string[]): Buffer {
  const parts = elements.flatMap((text) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(Buffer.byteLength(text));
    return [length, Buffer.from(text)];
  });
  return Buffer.concat(parts);
}

/** What clients do about regions, over gRPC. */
export class RegionClient {
  readonly #client: TestClient;

  constructor(client: TestClient) {
    this.#client = client;
  }

  call(name: string, request: AnyMessage): Promise<Outcome> {
    return this.#client.call(inferenceMethod(name), request);
  }

  async register(
    name: string,
    { key }: SharedObject,
    about: { byteSize: number; offset?: number },
  ): Promise<void> {
    const { byteSize, offset = 0 } = about;
    expectOk(await this.call('SystemSharedMemoryRegister', { name, key, offset, byte_size: byteSize }));
  }

  async unregister(name = ''): Promise<void> {
    expectOk(await this.call('SystemSharedMemoryUnregister', { name }));
  }

  async names(name = ''): Promise<string[]> {
    return Object.keys(expectOk(await this.call('SystemSharedMemoryStatus', { name })).regions);
  }
}
