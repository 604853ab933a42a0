import { ModelConfigSchema, type ModelConfig } from '../generated/model_config_pb.js';
import { InferenceError } from '../inference/error.js';
import { hintSyntax } from './text/hints.js';
import { TextFault } from './text/fault.js';
import { placeAt, type Place } from './text/place.js';
import { TextReader } from './text/reader.js';

/** A config and where in its text each field was given. */
export interface ParsedConfig {
  readonly config: ModelConfig;
  /** The place of a field such as `input[1].dims`, or of the nearest around it that was given. */
  readonly placeOf: (path: string) => Place | undefined;
}

/**
 * Reads a config.pbtxt. A text that cannot be read fails with Triton's message, and behind it the line
 * and column, what is wrong there, in which field and, for a misspelt name, which one was probably meant.
 */
export function parseModelConfig(text: string, path: string): ModelConfig {
  return parseConfigText(text, path).config;
}

/** As `parseModelConfig`, and keeps the places of the fields. */
export function parseConfigText(text: string, path: string): ParsedConfig {
  let reader: TextReader | undefined;
  try {
    reader = new TextReader(text);
    const config = reader.read(ModelConfigSchema).message as ModelConfig;
    return { config, placeOf: createPlaceOf(reader, text) };
  } catch (error) {
    if (!(error instanceof TextFault)) throw error;
    const { line, column } = placeAt(text, error.offset);
    throw new InferenceError(
      'internal',
      `failed to read text proto from ${path}:${line}:${column}: ${error.message}${explain(error, text, reader)}`,
      { cause: error },
    );
  }
}

/** ` (in input[1]: did you mean 'name'?)`, or as much of that as is known. */
function explain(fault: TextFault, text: string, reader: TextReader | undefined): string {
  const open = fault.offset >= text.trimEnd().length ? reader?.openBracket : undefined;
  const unclosed =
    open === undefined
      ? ''
      : `the "${open.bracket}" of line ${placeAt(text, open.offset).line} is not closed`;
  const hint = fault.hint || unclosed || hintSyntax(fault.message);
  const field = reader?.pathAt(fault.offset) ?? '';
  const known = [field === '' ? '' : `in ${field}`, hint].filter((part) => part !== '');
  return known.length === 0 ? '' : ` (${known.join(': ')})`;
}

/** Most configs are right, and nobody asks for a place. */
function createPlaceOf(reader: TextReader, text: string): ParsedConfig['placeOf'] {
  let offsets: ReadonlyMap<string, number> | undefined;
  return (field) => {
    offsets ??= reader.offsets();
    return findPlace(field, offsets, text);
  };
}

function findPlace(path: string, offsets: ReadonlyMap<string, number>, text: string): Place | undefined {
  let at = path;
  while (at !== '') {
    const offset = offsets.get(at);
    if (offset !== undefined) return placeAt(text, offset);
    at = at.slice(0, lastStep(at));
  }
  return undefined;
}

/** Where the last part of a path begins; a map's key may hold any characters. */
function lastStep(path: string): number {
  if (path.endsWith('"]')) return Math.max(0, path.lastIndexOf('["'));
  return Math.max(0, /(?:\[\d+\]|\.?[^.[\]"]*)$/.exec(path)?.index ?? 0);
}
