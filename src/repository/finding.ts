import type { Problem } from '../config/problem.js';
import type { ModelConfig } from '../generated/model_config_pb.js';
import type { InferenceError } from '../inference/error.js';
import type { ReadConfig } from './model-files.js';
import { remedyFor } from './remedies.js';

/** Something that is wrong with a model or a repository, and what mends it. */
export interface Finding {
  /** The versions that it stands against; none where it is about the whole. */
  readonly versions: readonly number[];
  readonly message: string;
  /** '' where the message says enough. */
  readonly remedy: string;
  /** The field of the config that it is about, as in `input[0].dims`. */
  readonly field?: string | undefined;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

/** Where the fields of a config stand in its file. */
export type Places = Partial<Pick<ReadConfig, 'file' | 'placeOf'>>;

/** Something that is wrong as a whole. */
export function finding(message: string, remedy: string): Finding {
  return { versions: [], message, remedy };
}

/** A problem of a config, in its file. */
export function fromProblem({ message, remedy, path: field, place }: Problem, { file }: Places): Finding {
  return { ...finding(message, remedy), field, file, line: place?.line, column: place?.column };
}

/** What stands between the message of an error and its remedy. */
const separator = '. To mend it: ';
const unreadText = /^failed to read text proto from (.+?):(\d+):(\d+): /s;

/** An error of a load with its remedy by itself, and where in the config it lies as far as that can be told. */
export function fromError(
  { message: text }: InferenceError,
  { config, places = {} }: { config?: ModelConfig; places?: Places } = {},
): Finding {
  const [, unread, line, column] = unreadText.exec(text) ?? [];
  if (unread !== undefined) {
    return { ...finding(text, remedyFor(text)), file: unread, line: Number(line), column: Number(column) };
  }
  const end = text.lastIndexOf(separator);
  const message = tidy(end < 0 ? text : text.slice(0, end));
  const remedy = end < 0 ? remedyFor(text) : text.slice(end + separator.length);
  const field = config && fieldOf(text, config);
  const place = field === undefined ? undefined : places.placeOf?.(field);
  if (place === undefined) return finding(message, remedy);
  return { ...finding(message, remedy), field, file: places.file, line: place.line, column: place.column };
}

/** Without what an end of line or of a list leaves behind, before a remedy too. */
function tidy(message: string): string {
  return message.replace(/[\s;]+$/, '').replace(/\s*\n\s*/g, ' ');
}

/** The warm-up sample, input or output that a text is about. */
function fieldOf(text: string, config: ModelConfig): string | undefined {
  const [, sample] = /\bwarmup sample '([^']+)'/.exec(text) ?? [];
  const [, ofSample] = /\bwarmup input '([^']+)'/.exec(text) ?? [];
  const at = config.modelWarmup.findIndex(
    ({ name, inputs }) => name === sample || (ofSample !== undefined && Object.hasOwn(inputs, ofSample)),
  );
  return at >= 0 ? `model_warmup[${at}]` : tensorField(text, config);
}

function tensorField(text: string, config: ModelConfig): string | undefined {
  const [, side = '', name] = /\b(input|output|tensor|I\/O) '([^']+)'/.exec(text) ?? [];
  const input = side === 'output' ? -1 : config.input.findIndex((one) => one.name === name);
  if (input >= 0) return `input[${input}]`;
  const output = side === 'input' ? -1 : config.output.findIndex((one) => one.name === name);
  return output >= 0 ? `output[${output}]` : undefined;
}

/** The same findings of several versions as one each, in the order in which they came. */
export function mergeVersions(findings: readonly Finding[]): Finding[] {
  const byText = new Map<string, Finding>();
  for (const one of findings) {
    const key = JSON.stringify({ ...one, versions: one.versions.length === 0 });
    const known = byText.get(key);
    byText.set(key, known === undefined ? one : { ...known, versions: [...known.versions, ...one.versions] });
  }
  return [...byText.values()];
}
