import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { completeModelConfig } from '../config/complete.js';
import { parseModelConfigJson } from '../config/json-parse.js';
import { parseConfigText, type ParsedConfig } from '../config/parse.js';
import { describeProblem, type Problem } from '../config/problem.js';
import { checkModelConfig } from '../config/rules.js';
import type { ModelConfig } from '../generated/model_config_pb.js';
import { InferenceError } from '../inference/error.js';
import { fileErrorReason } from '../models/file-error.js';
import { isFolder, type ModelLayout } from './layout.js';

/** A config that was read and completed, and what is wrong with it. */
export interface ReadConfig {
  readonly config: ModelConfig;
  readonly problems: readonly Problem[];
}

export async function readConfig(
  layout: ModelLayout,
  gpus: readonly number[],
  configJson?: string,
): Promise<ReadConfig> {
  const { config: written, placeOf } =
    configJson === undefined ? await readConfigFile(layout) : { config: parseModelConfigJson(configJson) };
  const { name: folder, hasOnnxFile, versionEntries } = layout;
  const config = completeModelConfig(written, { folder, hasOnnxFile, versionEntries, gpus });
  return { config, problems: checkModelConfig(config, { folder, gpus, placeOf }) };
}

async function readConfigFile(layout: ModelLayout): Promise<ParsedConfig> {
  const file = path.join(layout.folder, 'config.pbtxt');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new InferenceError('internal', describeUnreadable(file, error), { cause: error });
  }
  return parseConfigText(text, file);
}

const smallestConfig =
  'backend: "onnxruntime" ' +
  'input [ { name: "x" data_type: TYPE_FP32 dims: [ 4 ] } ] output [ { name: "y" data_type: TYPE_FP32 dims: [ 2 ] } ]';

function describeUnreadable(file: string, error: unknown): string {
  const message = `failed to open text file for read ${file}: ${fileErrorReason(error)}`;
  if (!isMissing(error))
    return describeProblem({ message, remedy: 'make it a file that this user may read' });
  return describeProblem({
    message: `${message}; auto-completion of configs is not supported yet`,
    remedy: `write one that lists every input and output, such as: ${smallestConfig} (a folder that is no model must not lie in the repository)`,
  });
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** The file that a version is opened from: the named one, or `model.onnx` inside a folder of that name. */
export async function locateModelFile(config: ModelConfig, folder: string, version: number): Promise<string> {
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

/** A model that lies there under another name is probably the one that is meant. */
async function suggestModelFile(folder: string, wanted: string): Promise<string> {
  const names = await readdir(folder).catch(() => []);
  const [other] = names.filter((name) => name.endsWith('.onnx')).sort();
  return other === undefined
    ? `put the model there as ${wanted}`
    : `rename '${other}' to ${wanted}, or write default_model_filename: "${other}"`;
}
