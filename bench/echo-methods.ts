import { decodeInferRequest, type WireInferRequest } from '../src/frontends/grpc/codec/infer-request.js';
import { decodeChunkedInferRequest } from '../src/frontends/grpc/codec/chunked-request.js';
import { InferResponseFrame, type SendableResponse } from '../src/frontends/grpc/codec/infer-response.js';
import { responseFrame } from '../src/frontends/grpc/codec/stream-response.js';
import { toInferRequest } from '../src/frontends/grpc/to-request.js';
import type { StreamMethod, UnaryMethod, WireMessage } from '../src/frontends/grpc/transport.js';
import { inferPath } from '../src/loadtest/payload.js';
import { Regions } from '../src/server/shared-memory.js';
import type { ReceivedTensor } from '../src/tensors/tensor.js';

export const streamPath = '/inference.GRPCInferenceService/ModelStreamInfer';

const codec = {
  decode: decodeInferRequest,
  decodeChunks: decodeChunkedInferRequest,
  encode: (frame: WireMessage) => frame,
};

const noRegions = new Regions({ enabled: false, countMax: 1 });

const sources = new Map<string, object>();

function answerTo(message: WireInferRequest): SendableResponse {
  const { inputs } = toInferRequest(message, noRegions);
  const { modelName } = message;
  let source = sources.get(modelName);
  if (source === undefined) sources.set(modelName, (source = {}));
  return { source, modelName, modelVersion: 1, outputs: inputs as readonly ReceivedTensor[], release() {} };
}

/** The bytes of a request answered by this server's codec alone: no model, no scheduler, no thread. */
export function echoFrame(message: WireInferRequest): WireMessage {
  return new InferResponseFrame(answerTo(message), message.id);
}

export const echo: UnaryMethod<WireInferRequest, WireMessage> = {
  kind: 'unary',
  path: inferPath,
  codec,
  async handle(message) {
    return echoFrame(message);
  },
};

/** Answers each message of a stream, and reads no more while the client does not. */
export const streamEcho: StreamMethod<WireInferRequest, WireMessage> = {
  kind: 'stream',
  path: streamPath,
  codec,
  clientStreams: true,
  open: (call) => ({
    onMessage(message) {
      if (!call.write(responseFrame(answerTo(message), message.id))) call.pause();
    },
    onDrain: () => call.resume(),
    onEnd: () => call.end(),
  }),
};
