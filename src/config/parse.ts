import { fromText } from '@bufbuild/protobuf/txtpb';
import { ModelConfigSchema, type ModelConfig } from '../generated/model_config_pb.js';
import { InferenceError } from '../inference/error.js';
import { nearest } from './nearest.js';

/**
 * Reads a config.pbtxt. A text that cannot be read fails with Triton's message, and behind it what is
 * wrong and, for a misspelt name, which one was probably meant.
 */
export function parseModelConfig(text: string, path: string): ModelConfig {
  try {
    return fromText(ModelConfigSchema, text);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new InferenceError('internal', `failed to read text proto from ${path}: ${detail}${hint(detail)}`, {
      cause: error,
    });
  }
}

/** ` (did you mean 'x'?)` for a field or enum value that the parser did not know. */
function hint(detail: string): string {
  const [, name = ''] = /unknown (?:field|enum value) "([^"]+)"/.exec(detail) ?? [];
  if (name === '') return '';
  const meant = nearest(
    name,
    name.startsWith('TYPE_') || name.startsWith('KIND_') ? enumNames() : fieldNames(),
  );
  return meant === undefined ? '' : ` (did you mean '${meant}'?)`;
}

type Message = (typeof ModelConfigSchema.file.messages)[number];

function allMessages(): Message[] {
  const found: Message[] = [];
  const pending = [...ModelConfigSchema.file.messages];
  for (let message = pending.pop(); message !== undefined; message = pending.pop()) {
    found.push(message);
    pending.push(...message.nestedMessages);
  }
  return found;
}

function fieldNames(): string[] {
  return allMessages().flatMap((message) => message.fields.map((field) => field.name));
}

function enumNames(): string[] {
  const enums = [...ModelConfigSchema.file.enums, ...allMessages().flatMap((message) => message.nestedEnums)];
  return enums.flatMap((one) => one.values.map((value) => value.name));
}
