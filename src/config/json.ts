import { fromJsonString } from '@bufbuild/protobuf';
import { ModelConfigSchema, type ModelConfig } from '../generated/model_config_pb.js';
import { InferenceError } from '../inference/error.js';

/** Reads a config as JSON, as a load call brings it along. */
export function parseModelConfigJson(text: string): ModelConfig {
  try {
    return fromJsonString(ModelConfigSchema, text);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new InferenceError('invalid-argument', `Invalid config override: ${detail}`, { cause: error });
  }
}
