import { fromWallMs } from '../../inference/now.js';
import type { Server } from '../../server/server.js';
import { decodeChunkedInferRequest } from './codec/chunked-request.js';
import { decodeInferRequest, type WireInferRequest } from './codec/infer-request.js';
import { InferResponseFrame } from './codec/infer-response.js';
import { modelConfigFrame } from './codec/model-config.js';
import { inferenceService, type Definitions } from './definitions.js';
import type { InferOptions } from './infer-options.js';
import { stoppedIntakeError, type Intake } from './intake.js';
import { logSettings } from './log-settings.js';
import { repositoryModelLoad, repositoryModelUnload } from './model-control.js';
import type {
  LogSettingsRequest,
  ModelControlRequest,
  NamedVersion,
  RepositoryIndexRequest,
  TraceSettingRequest,
} from './messages.js';
import { sharedMemoryCalls } from './shared-memory.js';
import { modelStatistics } from './statistics.js';
import { modelStreamInfer } from './stream.js';
import { toInferRequest } from './to-request.js';
import { beginTrace, TracedFrame, traceSetting } from './trace.js';
import type { Call, Codec, Method, UnaryMethod, WireMessage } from './transport.js';

/** The methods of inference.GRPCInferenceService: plain functions over the server. */
export function inferenceMethods(
  server: Server,
  definitions: Definitions,
  intake: Intake,
  options: InferOptions = {},
): Method[] {
  const unary = (name: string, handle: (request: never) => object | Promise<object>): Method => {
    const { path, codec } = definitions.method(inferenceService, name);
    return { kind: 'unary', path, codec, handle: async (request: never) => handle(request) };
  };
  return [
    unary('ServerLive', () => ({ live: server.live() })),
    unary('ServerReady', () => ({ ready: server.ready() })),
    unary('ServerMetadata', () => server.metadata),
    unary('ModelReady', ({ name, version }: NamedVersion) => ({ ready: server.modelReady(name, version) })),
    unary('ModelMetadata', ({ name, version }: NamedVersion) => server.modelMetadata(name, version)),
    unary('ModelStatistics', (request: NamedVersion) => modelStatistics(server, request)),
    unary('RepositoryIndex', async (request: RepositoryIndexRequest) => ({
      models: await server.index(request.repository_name, request.ready),
    })),
    unary('RepositoryModelLoad', (request: ModelControlRequest) => repositoryModelLoad(server, request)),
    unary('RepositoryModelUnload', (request: ModelControlRequest) => repositoryModelUnload(server, request)),
    ...Object.entries(sharedMemoryCalls).map(([name, answer]) =>
      unary(name, (request: never) => answer(server, request)),
    ),
    unary('LogSettings', (request: LogSettingsRequest) => logSettings(server, request)),
    unary('TraceSetting', (request: TraceSettingRequest) => traceSetting(server, request)),
    modelConfig(server, definitions),
    modelInfer(server, definitions, intake, options),
    modelStreamInfer(server, definitions, intake, options),
  ];
}

function modelConfig(server: Server, definitions: Definitions): UnaryMethod<NamedVersion, WireMessage> {
  const { path, codec } = definitions.method(inferenceService, 'ModelConfig');
  return {
    kind: 'unary',
    path,
    codec: { decode: (bytes) => codec.decode(bytes), encode: (frame) => frame },
    handle: async ({ name, version }) => modelConfigFrame(server.pick(name, version).config),
  };
}

/** ModelInfer has a codec of its own: tensors in are views of the received bytes, out they are written once. */
const inferCodec: Codec<WireInferRequest, WireMessage> = {
  decode: decodeInferRequest,
  decodeChunks: decodeChunkedInferRequest,
  encode: (frame) => frame,
};

function modelInfer(
  server: Server,
  definitions: Definitions,
  intake: Intake,
  { forwarder }: InferOptions,
): UnaryMethod<WireInferRequest, WireMessage> {
  return {
    kind: 'unary',
    path: definitions.method(inferenceService, 'ModelInfer').path,
    codec: inferCodec,
    compress: true,
    // Outputs lie in the slot or in buffers of the model's, and texts were copied when they were decoded.
    answersApart: true,
    timed: () => server.traces.active,
    async handle(message: WireInferRequest, call: Call) {
      if (intake.stopped) throw stoppedIntakeError();
      call.modelName = message.modelName;
      const model = server.pick(message.modelName, message.modelVersion);
      const request = toInferRequest(message, server.regions);
      call.request = request;
      forwarder?.forward(call.allMetadata(), request);
      request.deadlineUs = fromWallMs(call.deadlineMs);
      call.onCancel = () => request.cancel();
      if (call.cancelled) request.cancel();
      if (server.traces.active) {
        const trace = beginTrace(server.traces, { call, model, request });
        if (trace !== undefined) return TracedFrame.of(trace, server.infer(model, request), message.id);
      }
      return new InferResponseFrame(await server.infer(model, request), message.id);
    },
  };
}
