import { Client, credentials, Metadata, type CallOptions, type ChannelCredentials } from '@grpc/grpc-js';
import { loadSync, type MethodDefinition, type ServiceDefinition } from '@grpc/proto-loader';
import path from 'node:path';
import { root } from './server.js';

const loaded = loadSync(['grpc_service.proto', 'health.proto', 'reflection_v1.proto'], {
  includeDirs: [path.join(root, 'protos')],
  keepCase: true,
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
});

// Messages of tests are plain objects of many shapes.
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyMessage = any;

export type AnyMethod = MethodDefinition<AnyMessage, AnyMessage>;

export function methodOf(service: string, name: string): AnyMethod {
  const method = (loaded[service] as ServiceDefinition)[name];
  if (method === undefined) throw new Error(`${service} has no ${name}`);
  return method;
}

export function inferenceMethod(name: string): AnyMethod {
  return methodOf('inference.GRPCInferenceService', name);
}

/** How a call ended, or its answer. */
export type Outcome =
  | { readonly kind: 'ok'; readonly response: AnyMessage }
  | { readonly kind: 'failed'; readonly code: number; readonly details: string };

export interface CallSetup extends CallOptions {
  readonly metadata?: Record<string, string>;
}

/** A call under way. */
export interface OpenCall {
  readonly outcome: Promise<Outcome>;
  cancel(): void;
}

/** A grpc-js client of one server; every call opens on the same connection. */
export class TestClient {
  readonly raw: Client;

  constructor(port: number, channel: ChannelCredentials = credentials.createInsecure(), options = {}) {
    this.raw = new Client(`127.0.0.1:${port}`, channel, {
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
      'grpc.use_local_subchannel_pool': 1,
      ...options,
    });
  }

  call(method: AnyMethod, request: AnyMessage, setup: CallSetup = {}): Promise<Outcome> {
    return this.callBytes(method, method.requestSerialize(request), setup);
  }

  /** Sends bytes as they are, a message or not. */
  callBytes(method: AnyMethod, request: Uint8Array, setup: CallSetup = {}): Promise<Outcome> {
    return this.open(method, request, setup).outcome;
  }

  /** Sends bytes as they are, and can give the call up. */
  open(method: AnyMethod, request: Uint8Array, setup: CallSetup = {}): OpenCall {
    const { metadata = {}, ...options } = setup;
    const headers = new Metadata();
    for (const [key, value] of Object.entries(metadata)) headers.set(key, value);
    let call: { cancel(): void } | undefined;
    const outcome = new Promise<Outcome>((resolve) => {
      call = this.raw.makeUnaryRequest(
        method.path,
        (bytes: Uint8Array) => Buffer.from(bytes),
        (bytes: Buffer): AnyMessage => method.responseDeserialize(bytes),
        request,
        headers,
        options,
        (error, response) => {
          if (error === null) resolve({ kind: 'ok', response });
          else resolve({ kind: 'failed', code: error.code, details: error.details });
        },
      );
    });
    return { outcome, cancel: () => call?.cancel() };
  }

  infer(request: AnyMessage, setup?: CallSetup): Promise<Outcome> {
    return this.call(inferenceMethod('ModelInfer'), request, setup);
  }

  close(): void {
    this.raw.close();
  }
}

/** The answer of a call that must have succeeded. */
export function expectOk(outcome: Outcome): AnyMessage {
  if (outcome.kind === 'ok') return outcome.response;
  throw new Error(`the call failed with ${outcome.code}: ${outcome.details}`);
}
