import { fromText, toText } from '@bufbuild/protobuf/txtpb';
import { ModelConfigSchema, type ModelConfig } from '../generated/model_config_pb.js';
import { InferenceError } from '../inference/error.js';
import { hint } from './parse-hints.js';
import { describeOpenBlock, findPosition } from './parse-position.js';

/**
 * Reads a config.pbtxt. A text that cannot be read fails with Triton's message, and behind it the line
 * and column, what is wrong there and, for a misspelt name, which one was probably meant.
 */
export function parseModelConfig(text: string, path: string): ModelConfig {
  try {
    return read(text);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    const position = findPosition(text, detail, read);
    const remedy = hint(detail) || describeOpenBlock(text, detail);
    throw new InferenceError(
      'internal',
      `failed to read text proto from ${path}${position}: ${detail}${remedy}`,
      {
        cause: error,
      },
    );
  }
}

function read(text: string): ModelConfig {
  return fromText(ModelConfigSchema, text);
}

/** A config as text that can be read again, on one line. */
export function printModelConfig(config: ModelConfig): string {
  return toText(ModelConfigSchema, config)
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ');
}
