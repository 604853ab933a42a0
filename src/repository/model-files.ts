import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { namesTensors } from '../config/auto-complete.js';
import { completeModelConfig } from '../config/complete.js';
import { parseModelConfigJson } from '../config/json-parse.js';
import { parseConfigText, type ParsedConfig } from '../config/parse.js';
import { describeProblem, type Problem } from '../config/problem.js';
import { checkModelConfig, type RuleContext } from '../config/rules.js';
import { ModelInstanceGroup_Kind as Kind, type ModelConfig } from '../generated/model_config_pb.js';
import { InferenceError } from '../inference/error.js';
import { fileErrorReason } from '../models/file-error.js';
import type { ConfigOptions } from './config-options.js';
import { isFolder, type ModelLayout } from './layout.js';

/** A config that was read and completed, and what is wrong with it. */
export interface ReadConfig {
  readonly config: ModelConfig;
  readonly problems: readonly Problem[];
  /** Where a field of it stands, if it was read from a text. */
  readonly placeOf: RuleContext['placeOf'];
  /** The file of that text. */
  readonly file?: string | undefined;
}

export interface ReadOptions {
  readonly gpus: readonly number[];
  readonly configs: ConfigOptions;
  /** A config that is used in place of the model's own. */
  readonly configJson?: string | undefined;
}

/**
 * Reads a model's config and fills in what it may leave out without a look into the model. Inputs and
 * outputs are checked here only when the model will not be asked for them.
 */
export async function readConfig(
  layout: ModelLayout,
  { gpus, configs, configJson }: ReadOptions,
): Promise<ReadConfig> {
  const { config: written, placeOf, file } = await readWritten(layout, configs, configJson);
  const { name: folder, hasOnnxFile, versionEntries } = layout;
  const config = completeModelConfig(written, { folder, hasOnnxFile, versionEntries, gpus });
  const context = { folder, gpus, placeOf };
  if (!configs.autoComplete) return { config, placeOf, file, problems: checkModelConfig(config, context) };
  const problems = checkModelConfig(config, { ...context, withoutTensors: true });
  if (problems.length === 0 || !namesTensors(config)) return { config, placeOf, file, problems };
  // It is refused anyway: what is wrong with its tensors is told with the rest.
  const known = new Set(problems.map(({ message }) => message));
  const others = checkModelConfig(config, context).filter(({ message }) => !known.has(message));
  return { config, placeOf, file, problems: [...problems, ...others] };
}

async function readWritten(
  layout: ModelLayout,
  configs: ConfigOptions,
  configJson: string | undefined,
): Promise<Partial<ParsedConfig> & Pick<ParsedConfig, 'config'> & { readonly file?: string }> {
  if (configJson !== undefined) return { config: parseModelConfigJson(configJson) };
  const { file, text } = await readConfigText(layout, configs);
  return { ...parseConfigText(text, file), file };
}

/** The text of a model's config; an empty one for a model that may do without. */
async function readConfigText(
  { folder }: ModelLayout,
  { autoComplete, configName }: ConfigOptions,
): Promise<{ file: string; text: string }> {
  const plain = path.join(folder, 'config.pbtxt');
  const custom = configName === undefined ? [] : [path.join(folder, 'configs', `${configName}.pbtxt`)];
  for (const file of [...custom, plain]) {
    try {
      return { file, text: await readFile(file, 'utf8') };
    } catch (error) {
      if (isMissing(error)) continue;
      const remedy = 'make it a file that this user may read';
      throw unreadable(describeProblem({ message: tellUnread(file, error), remedy }), error);
    }
  }
  if (autoComplete) return { file: plain, text: '' };
  const message = `failed to open text file for read ${plain}: no such file or directory`;
  const remedy = `write one that lists every input and output, such as: ${smallestConfig}; or start the server without --disable-auto-complete-config (a folder that is no model must not lie in the repository)`;
  throw unreadable(describeProblem({ message, remedy }));
}

const smallestConfig =
  'backend: "onnxruntime" ' +
  'input [ { name: "x" data_type: TYPE_FP32 dims: [ 4 ] } ] output [ { name: "y" data_type: TYPE_FP32 dims: [ 2 ] } ]';

function tellUnread(file: string, error: unknown): string {
  return `failed to open text file for read ${file}: ${fileErrorReason(error)}`;
}

function unreadable(message: string, cause?: unknown): InferenceError {
  return new InferenceError('internal', message, { cause });
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** The file that a version is opened from: the named one, or `model.onnx` inside a folder of that name. */
export async function locateModelFile(config: ModelConfig, folder: string, version: number): Promise<string> {
  refuseFilesForGpus(config);
  const file = path.join(folder, String(version), config.defaultModelFilename);
  try {
    await stat(file);
  } catch (error) {
    const remedy = await suggestModelFile(path.dirname(file), config.defaultModelFilename);
    throw new InferenceError(
      'internal',
      describeProblem({ message: `failed to stat file ${file}`, remedy }),
      {
        cause: error,
      },
    );
  }
  if (!(await isFolder(file))) return file;
  const inside = path.join(file, 'model.onnx');
  try {
    await stat(inside);
  } catch (error) {
    const message = `unable to find '${inside}' for model instance '${config.name}'`;
    const remedy = `'${file}' is a folder: put the model and its data into it as model.onnx`;
    throw new InferenceError('unavailable', describeProblem({ message, remedy }), { cause: error });
  }
  return inside;
}

/** Triton takes another file by the GPU's compute capability, which nothing tells here; on the CPU it takes none of them. */
function refuseFilesForGpus({ name, ccModelFilenames, instanceGroup }: ModelConfig): void {
  const onGpu = instanceGroup.find(({ kind }) => kind === Kind.GPU);
  if (onGpu === undefined || Object.keys(ccModelFilenames).length === 0) return;
  const message = `'cc_model_filenames' is not supported for KIND_GPU, which instance group ${onGpu.name} of model ${name} has`;
  const remedy = 'name the file of this GPU in default_model_filename, and remove cc_model_filenames';
  throw new InferenceError('unsupported', describeProblem({ message, remedy }));
}

/** A model that lies there under another name is probably the one that is meant. */
async function suggestModelFile(folder: string, wanted: string): Promise<string> {
  const names = await readdir(folder).catch(() => []);
  const [other] = names.filter((name) => name.endsWith('.onnx')).sort();
  return other === undefined
    ? `put the model there as ${wanted}`
    : `rename '${other}' to ${wanted}, or write default_model_filename: "${other}"`;
}
