import { decodeInferRequest, type WireInferRequest } from '../src/frontends/grpc/codec/infer-request.js';
import { InferResponseFrame } from '../src/frontends/grpc/codec/infer-response.js';
import { toInferRequest } from '../src/frontends/grpc/to-request.js';
import {
  defaultTransportLimits,
  type UnaryMethod,
  type WireMessage,
} from '../src/frontends/grpc/transport.js';
import { GrpcJsTransport } from '../src/frontends/grpc/transports/grpc-js.js';
import { inferPath } from '../src/loadtest/payload.js';
import { announcePort } from './server-process.js';

/** An echo of ModelInfer over this server's codec and transport: no model, no scheduler, no thread. */
const echo: UnaryMethod<WireInferRequest, WireMessage> = {
  kind: 'unary',
  path: inferPath,
  codec: { decode: decodeInferRequest, encode: (frame) => frame },
  async handle(message) {
    const { inputs } = toInferRequest(message);
    const response = { modelName: message.modelName, modelVersion: 1, outputs: inputs, release() {} };
    return new InferResponseFrame(response, message.id);
  },
};

const transport = new GrpcJsTransport([echo], {
  host: '127.0.0.1',
  port: 0,
  reusePort: false,
  tls: undefined,
  responseCompression: 'none',
  keepaliveTimeMs: 7_200_000,
  keepaliveTimeoutMs: 20_000,
  keepaliveWithoutCalls: true,
  pingsWithoutDataMax: 0,
  pingIntervalWithoutDataMs: 0,
  pingStrikesMax: 0,
  connectionAgeMs: undefined,
  connectionAgeGraceMs: undefined,
  limits: defaultTransportLimits,
});
announcePort(await transport.listen());
