import { InferenceError } from './error.js';

/** The longest text that may correlate the requests of a sequence. */
const sequenceIdCharactersMax = 128;

/** The text itself, or Triton's refusal of one that is too long. */
export function checkSequenceId(id: string): string {
  if (Buffer.byteLength(id) > sequenceIdCharactersMax) {
    throw new InferenceError(
      'unsupported',
      `string correlation ID cannot be longer than ${sequenceIdCharactersMax} characters`,
    );
  }
  return id;
}
