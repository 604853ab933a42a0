import { toBinary } from '@bufbuild/protobuf';
import { ModelConfigSchema, type ModelConfig } from '../../../generated/model_config_pb.js';
import type { WireMessage } from '../transport.js';
import { varintBytes, writeVarint } from './infer-response.js';

/** A ModelConfigResponse: field 1 is the config, whose own code knows how to write it. */
export function modelConfigFrame(config: ModelConfig): WireMessage {
  const bytes = toBinary(ModelConfigSchema, config);
  const frame = Buffer.allocUnsafe(1 + varintBytes(bytes.byteLength) + bytes.byteLength);
  frame[0] = (1 << 3) | 2;
  frame.set(bytes, writeVarint(frame, 1, bytes.byteLength));
  return frame;
}
